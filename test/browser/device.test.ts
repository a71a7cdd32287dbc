import * as client from 'openid-client'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { makeTv } from '../support/device.ts'
import { PASSWORD, register } from '../support/start-server.ts'
import { sql } from '../support/session-rows.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer } from './party.ts'
import { errorWith } from '../support/error-with.ts'

const browser = await launch()
t.teardown(() => browser.close())

async function world (t: Test) {
  const { app, issuer } = await startIssuer(t, { scopes: { 'orders:read': 'See your orders' } })
  await register(app)
  const { id } = await makeTv(app, { name: 'Living Room TV', scopes: ['*'] })
  const config = await client.discovery(new URL(issuer), id, undefined, client.None(), { execute: [client.allowInsecureRequests] })
  const polls: { at: number, error: string | undefined }[] = []
  config[client.customFetch] = async (url, options) => {
    const at = performance.now()
    const answer = await fetch(url, options as RequestInit)
    if (url.endsWith('/token')) polls.push({ at, error: (await answer.clone().json() as { error?: string }).error })
    return answer
  }
  const context = await openContext(browser, SCREENS[0]!, false)
  t.teardown(() => context.close())
  return { app, config, polls, page: await context.newPage() }
}

async function connect (page: Page, address: string, code: string | null, decision: string): Promise<void> {
  await page.goto(address)
  if (code !== null) await page.getByLabel('Code').fill(code)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('E-mail').fill('ada@example.com')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('button', { name: decision, exact: true }).click()
}

t.test('openid-client polls while the user types the code, logs in and allows', async (t) => {
  const { config, page, polls } = await world(t)
  const waiting = await client.initiateDeviceAuthorization(config, { scope: 'openid orders:read' })
  const polling = client.pollDeviceAuthorizationGrant(config, waiting)
  await connect(page, waiting.verification_uri, waiting.user_code.replace('-', '').toLowerCase(), 'Connect')
  t.match(await page.textContent('h1'), 'The device is connected')
  const tokens = await polling
  t.match(tokens, { token_type: 'bearer', scope: 'openid orders:read' })
  const { sub } = tokens.claims()!
  t.match(await client.fetchUserInfo(config, tokens.access_token, sub), { sub })
  t.ok((await client.refreshTokenGrant(config, tokens.refresh_token!)).access_token)
  t.same(polls.filter(({ error }) => error === 'slow_down'), [], 'who keeps the interval is never too fast')

  await page.goto(new URL('/account', waiting.verification_uri).href)
  await page.getByRole('button', { name: 'Remove Living Room TV' }).click()
  await page.getByRole('button', { name: 'Remove access' }).click()
  await page.getByText('No app has access to your account.').waitFor()
  await t.rejects(client.fetchUserInfo(config, tokens.access_token, sub), 'taken back')
  await t.rejects(client.refreshTokenGrant(config, tokens.refresh_token!), errorWith({ error: 'invalid_grant' }))
})

t.test('the link with the code in it leads to the question, and a denial reaches openid-client', async (t) => {
  const { config, page } = await world(t)
  const waiting = await client.initiateDeviceAuthorization(config, { scope: 'openid' })
  const refused = t.rejects(client.pollDeviceAuthorizationGrant(config, waiting), errorWith({ error: 'access_denied' }))
  await connect(page, waiting.verification_uri_complete!, null, 'Do not connect')
  t.match(await page.textContent('h1'), 'The device was not connected')
  await refused
})

t.test('slow_down raises the interval of openid-client, and that of the server', async (t) => {
  const { app, config, page, polls } = await world(t)
  const waiting = await client.initiateDeviceAuthorization(config, { scope: 'openid' })
  const hasty = client.pollDeviceAuthorizationGrant(config, { ...waiting, interval: 1 })
  while (!polls.some(({ error }) => error === 'slow_down')) await new Promise((resolve) => setTimeout(resolve, 100))
  t.match(await sql(app, 'SELECT interval FROM device_codes'), [{ interval: 10 }])
  await connect(page, waiting.verification_uri, waiting.user_code, 'Connect')
  t.ok((await hasty).access_token)
  const [pending, slower, ...later] = polls.map(({ error }) => error)
  t.same([pending, slower, later.at(-1)], ['authorization_pending', 'slow_down', undefined])
  t.same(new Set(later.slice(0, -1)), new Set(later.length > 1 ? ['authorization_pending'] : []), 'a slow browser takes more polls')
  const [first, second, third] = polls.map(({ at }) => at) as [number, number, number]
  t.ok(second - first < 4500, 'not five seconds apart, as the hasty one wants it')
  t.ok(third - second >= 6000, 'then five seconds more (RFC 8628 section 3.5)')
})
