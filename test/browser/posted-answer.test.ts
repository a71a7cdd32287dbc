import t from 'tap'
import { freePort } from '../support/free-port.ts'
import { sql } from '../support/session-rows.ts'
import { CLIENT, startUpstream } from '../support/upstream.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer } from './party.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }

const browser = await launch()
t.teardown(() => browser.close())

t.test('a page of another site posts the answer of the provider, and the browser that has asked is logged in', async (t) => {
  const port = await freePort()
  // 127.0.0.1 is another site than localhost: no cookie comes with its forms
  const upstream = await startUpstream(t, [`http://localhost:${port}/v1/auth/acme/callback`])
  const { app, issuer } = await startIssuer(t, { port, social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme', responseMode: 'form_post' } } })
  const context = await openContext(browser, SCREENS[0]!)
  const page = await context.newPage()
  const asked: string[] = []
  page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`))

  upstream.person = ADA
  await page.goto(`${issuer}/login`)
  await page.getByRole('link', { name: 'Log in with Acme' }).click()
  await page.waitForURL(`${issuer}/account`)
  const back = asked.filter((line) => line.includes(`${issuer}/v1/auth/acme/callback`))
  t.match(back, [/^POST [^?]+$/, /^GET [^?]+\?state=lk_ot_[\w-]+$/], 'no code is in an address')
  t.equal((await sql(app, 'SELECT FROM browser_sessions')).length, 1)

  await context.clearCookies()
  upstream.person = null
  await page.goto(`${issuer}/login`)
  await page.getByRole('link', { name: 'Log in with Acme' }).click()
  await page.getByText('You have canceled the login with Acme').first().waitFor()
  await context.close()
})
