import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { makeClient, PASSWORD, register } from '../support/start-server.ts'
import { authorizeUrl } from '../support/visitor.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer, startParty } from './party.ts'

const browser = await launch()
t.teardown(() => browser.close())

const SCHEME = 'com.example.acme:/signed-in'

const logIn = async (page: Page, email = 'ada@example.com') => {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
}

/** An application whose addresses all redirect on, to a second origin or to a program by its URL scheme. */
async function world (t: Test, onTo: string | null) {
  const { app, issuer } = await startIssuer(t, {}, (host) => {
    host.get('/orders', async (_request, reply) => reply.redirect(target))
  })
  const home = await startParty(t)
  const target = onTo ?? home.callback
  const party = await startParty(t, target)
  await register(app)
  const values = {
    grantTypes: ['authorization_code'], scopes: ['*'], redirectUris: [party.callback, SCHEME],
    postLogoutRedirectUris: [party.bye]
  }
  const { id } = await makeClient(app, { name: 'Acme', firstParty: false, ...values })
  const { id: trusted } = await makeClient(app, { name: 'Shop', skipsConsent: true, ...values })
  const context = await openContext(browser, SCREENS[0]!)
  t.teardown(() => context.close())
  const page = await context.newPage()
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  /** Resolves when the browser asks for an address that begins so. */
  const asksFor = (start: string) =>
    new Promise<void>((resolve) => {
      devtools.on('Network.requestWillBeSent', ({ request }) => {
        if (request.url.startsWith(start)) resolve()
      })
    })
  const ask = (client: string, more: Record<string, string> = {}) =>
    issuer + authorizeUrl(client, { redirect_uri: party.callback, ...more })
  return { issuer, party, page, said, ask, id, trusted, arrived: asksFor(target), asksFor }
}

type World = Awaited<ReturnType<typeof world>>

const WAYS: [name: string, go: (world: World) => Promise<unknown>][] = [
  ['Allow', async ({ page, ask, id }) => {
    await page.goto(ask(id))
    await logIn(page)
    await page.getByRole('button', { name: 'Allow' }).click()
  }],
  ['Deny', async ({ page, ask, id }) => {
    await page.goto(ask(id))
    await logIn(page)
    await page.getByRole('button', { name: 'Deny' }).click()
  }],
  ['Log in, without consent', async ({ page, ask, trusted }) => {
    await page.goto(ask(trusted))
    await logIn(page)
  }],
  ['Log in after a wrong password', async ({ page, ask, trusted }) => {
    await page.goto(ask(trusted))
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill('wrong and wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').waitFor()
    await logIn(page)
  }],
  ['Create account', async ({ page, ask, trusted }) => {
    await page.goto(ask(trusted))
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByLabel('E-mail').fill('new@example.com')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Create account' }).click()
  }],
  ['form_post', async ({ page, ask, trusted }) => {
    await page.goto(ask(trusted, { response_mode: 'form_post' }))
    await logIn(page)
  }],
  ['Log out', async ({ page, issuer, party, id }) => {
    await page.goto(`${issuer}/login`)
    await logIn(page)
    await page.waitForURL('**/account')
    await page.goto(`${issuer}/v1/oauth/logout?${new URLSearchParams({ client_id: id, post_logout_redirect_uri: party.bye })}`)
    await page.getByRole('button', { name: 'Log out' }).click()
  }],
  ['Log in for a page of the host that leads on', async ({ page, issuer }) => {
    await page.goto(`${issuer}/login?return_to=/orders`)
    await logIn(page)
  }]
]

for (const [name, go] of WAYS) {
  for (const onTo of [null, 'com.example.acme:/home']) {
    t.test(`after ${name} the browser follows a callback that redirects to ${onTo === null ? 'a second origin' : 'a URL scheme'}`, async (t) => {
      const made = await world(t, onTo)
      await go(made)
      await made.arrived
      t.same(made.said.filter((text) => /Content Security Policy/i.test(text)), [], 'the policy had nothing to say')
    })
  }
}

t.test('after Allow the browser opens a redirect URI with a custom scheme', async (t) => {
  const { page, ask, id, said, asksFor } = await world(t, null)
  const arrived = asksFor(`${SCHEME}?code=lk_ac_`)
  await page.goto(ask(id, { redirect_uri: SCHEME }))
  await logIn(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await arrived
  t.same(said.filter((text) => /Content Security Policy/i.test(text)), [])
})
