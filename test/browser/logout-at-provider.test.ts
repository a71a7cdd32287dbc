import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { freePort } from '../support/free-port.ts'
import { makeApp } from '../support/visitor.ts'
import { CLIENT, startUpstream } from '../support/upstream.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer, startParty } from './party.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const browser = await launch()
t.teardown(() => browser.close())
const port = await freePort()
const ours = `http://localhost:${port}/v1/auth/acme`
// On another site than the server, as an application is
const upstream = await startUpstream(t, [`${ours}/callback`], {
  clients: [{
    client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, grant_types: ['authorization_code'], response_types: ['code'],
    redirect_uris: [`${ours}/callback`], post_logout_redirect_uris: [`${ours}/logged-out`]
  }],
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx: { body: string }, form: string) => {
        ctx.body = `<!DOCTYPE html><html lang="en"><title>Acme</title><h1>Leave Acme?</h1>${form}<button form="op.logoutForm" name="logout" value="yes">Leave</button></html>`
      }
    }
  }
})
upstream.person = ADA
let logins = 0
upstream.server.on('request', ({ url }) => { if (url?.startsWith('/interaction/')) logins++ })
const { app, issuer } = await startIssuer(t, { port, social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme', logout: true } } })
const party = await startParty(t)
const client = await makeApp(app, { postLogoutRedirectUris: [party.bye] })

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

async function logIn (page: Page): Promise<void> {
  await page.goto(`${issuer}/login`)
  await page.getByRole('link', { name: 'Log in with Acme' }).click()
  await page.waitForURL(`${issuer}/account`)
}

async function leave (t: Test, page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Leave Acme?' }).waitFor()
  t.equal(new URL(page.url()).origin, upstream.issuer)
  await press(page, 'Leave')
}

for (const scripts of [true, false]) {
  t.test(`a browser ${scripts ? 'with' : 'without'} JavaScript logs out here and at the provider, and comes back`, async (t) => {
    const context = await openContext(browser, SCREENS[0]!, scripts)
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    const before = logins

    await logIn(page)
    await press(page, 'Log out')
    await leave(t, page)
    await page.waitForURL(`${issuer}/logout`)
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor()

    await logIn(page)
    t.equal(logins - before, 2, 'the provider asks again who it is')
    await page.goto(`${issuer}/v1/oauth/logout?${new URLSearchParams({ client_id: client.id, post_logout_redirect_uri: party.bye, state: 's' })}`)
    await page.getByText('You will be logged out of Acme as well.').waitFor()
    await press(page, 'Log out')
    await leave(t, page)
    await page.waitForURL(`${party.bye}?state=s`)

    await page.goBack()
    await page.goto(`${issuer}/account`)
    t.match(page.url(), /\/login/, 'nobody is logged in')
    t.same(said.filter((text) => !/Failed to load resource/.test(text)), [], 'the policy had nothing to say')
    await context.close()
  })
}
