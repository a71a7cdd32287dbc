import { generateKeyPairSync } from 'node:crypto'
import type { RequestListener, Server } from 'node:http'
import type { Page } from 'playwright-core'
import t from 'tap'
import { internals } from '../../plugins/internals.ts'
import { freePort } from '../support/free-port.ts'
import { sql } from '../support/session-rows.ts'
import { makeClient, PASSWORD, register } from '../support/start-server.ts'
import { CLIENT, startUpstream } from '../support/upstream.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer } from './party.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const SLOW = 'Acme does not answer at the moment'

const browser = await launch()
t.teardown(() => browser.close())
const [port, portThere] = [await freePort(), await freePort()]
const backTo = (name: string) => `http://localhost:${port}/v1/auth/${name}/callback`
// On another site than the server: cookies go along only with navigations
const there = `http://127.0.0.1:${portThere}`
const upstream = await startIssuer(t, { port: portThere, appUrl: there })
const clientOf = async (name: string) => {
  const client = await makeClient(upstream.app, {
    name: 'Downstream', grantTypes: ['authorization_code'], redirectUris: [backTo(name)], scopes: ['*'], firstParty: false
  })
  return { clientId: client.id, clientSecret: client.secret }
}
const keys = (kid: string) => ({
  keys: [{ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }]
})
const acme = await startUpstream(t, [backTo('acme')], { jwks: keys('before') })
const { app, issuer } = await startIssuer(t, {
  port,
  social: {
    acme: { ...CLIENT, issuer: acme.issuer, label: 'Acme' },
    sister: { ...await clientOf('sister'), issuer: there, label: 'Sister' },
    forge: {
      ...await clientOf('forge'), label: 'Forge', scopes: ['profile', 'email'],
      authorizationEndpoint: `${there}/v1/oauth/authorize`, tokenEndpoint: `${there}/v1/oauth/token`, profileEndpoints: { user: `${there}/v1/profile` },
      profile: ({ user }) => {
        const { id, email, name } = user as { id: string, email: string, name: string }
        return { subject: id, email, emailVerified: true, name }
      }
    }
  }
})

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const follow = (page: Page, name: string) => page.getByRole('link', { name }).click()
const shown = (page: Page, text: string) => page.getByText(text).first().waitFor()
const open = async (scripts = true) => await (await openContext(browser, SCREENS[0]!, scripts)).newPage()

async function enterPassword (page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await press(page, 'Log in')
}

async function logInAtAcme (page: Page): Promise<void> {
  await page.goto(`${issuer}/login`)
  await follow(page, 'Log in with Acme')
}

for (const [name, label, what] of [['sister', 'Sister', 'a second server of ours'], ['forge', 'Forge', 'a provider without OpenID']] as const) {
  t.test(`at ${what} a user cancels, registers, logs in again, adds it and removes it, without JavaScript`, async (t) => {
    const [ada, bob] = [`ada.${name}@example.com`, `bob.${name}@example.com`]
    for (const email of [ada, bob]) await register(upstream.app, { email, name: 'Ada Lovelace' })
    await sql(upstream.app, 'UPDATE identifiers SET verified_at = now()')
    await register(app, { email: bob })
    const page = await open(false)

    await page.goto(`${issuer}/login`)
    await follow(page, `Log in with ${label}`)
    await enterPassword(page, ada)
    await press(page, 'Deny')
    await shown(page, `You have canceled the login with ${label}`)

    await page.goto(`${issuer}/register`)
    await follow(page, `Create an account with ${label}`)
    await press(page, 'Allow')
    await page.waitForURL(`${issuer}/account`)
    await page.goto(`${issuer}/logout`)
    await press(page, 'Log out')
    await page.goto(`${issuer}/login`)
    await follow(page, `Log in with ${label}`)
    await page.waitForURL(`${issuer}/account`)
    t.match(await sql(app, 'SELECT user_id FROM identifiers WHERE value = $1 AND verified_at IS NOT NULL', [ada]), [{ user_id: String }])

    await page.context().clearCookies()
    await page.goto(`${issuer}/login?return_to=/account/security`)
    await enterPassword(page, bob)
    await press(page, `Add ${label}`)
    await enterPassword(page, bob)
    await press(page, 'Allow')
    await shown(page, 'Done: you can log in this way')
    await press(page, `Remove ${label}`)
    await shown(page, 'This way to log in is removed')
    t.equal((await sql(app, 'SELECT FROM social_accounts WHERE provider = $1', [name])).length, 1)
    t.equal((await sql(app, 'SELECT FROM identifiers WHERE value LIKE $1', [`%.${name}@example.com`])).length, 2)
    await page.context().close()
  })
}

t.test('a provider that answers slowly is given up, and says so on the page; others log in meanwhile', async (t) => {
  const [page, other] = [await open(), await open()]
  acme.person = ADA
  await register(app, { email: 'bob@example.com' })
  const goesOn = hold(acme.server, '/token')
  await logInAtAcme(page)
  const asked = await goesOn.asked
  t.equal(asked, 'POST', 'the code is being redeemed')
  await other.goto(`${issuer}/login`)
  await enterPassword(other, 'bob@example.com')
  await other.waitForURL(`${issuer}/account`)
  await shown(page, SLOW)
  goesOn.release()
  await logInAtAcme(page)
  await page.waitForURL(`${issuer}/account`)
  await Promise.all([page, other].map(async (one) => await one.context().close()))
})

t.test('keys that a provider has replaced let its users in', async (t) => {
  acme.person = ADA
  acme.server.closeAllConnections()
  await new Promise((resolve) => acme.server.close(resolve))
  const again = await startUpstream(t, [backTo('acme')], { port: Number(new URL(acme.issuer).port), jwks: keys('after') })
  again.person = ADA
  const page = await open()
  await logInAtAcme(page)
  await page.waitForURL(`${issuer}/account`)
  t.equal((await sql(app, "SELECT FROM social_accounts WHERE provider = 'acme'")).length, 1)
  await page.context().close()
})

t.test('a provider whose clock is wrong lets nobody in, and another way to log in is on the same page', async (t) => {
  await register(upstream.app, { email: 'late@example.com', name: 'Grace Hopper' })
  await register(app, { email: 'late@example.com' })
  const { clock, keys } = internals(upstream.app)
  await sql(upstream.app, "UPDATE signing_keys SET signs_from = signs_from - interval '3 hours', created_at = created_at - interval '3 hours'")
  await keys.load()
  const page = await open()
  await page.goto(`${issuer}/login`)
  await follow(page, 'Log in with Sister')
  await enterPassword(page, 'late@example.com')
  const { now } = clock
  Object.assign(clock, { now: () => now() + 3_600_000 })
  await press(page, 'Allow')
  await shown(page, 'The login with Sister has failed')
  Object.assign(clock, { now })
  await enterPassword(page, 'late@example.com')
  await page.waitForURL(`${issuer}/account`)
  await page.context().close()
})

/** One path of a server is not answered until it is released. */
function hold (server: Server, path: string): { asked: Promise<string | undefined>, release: () => void } {
  const [handle] = server.listeners('request') as [RequestListener]
  server.removeAllListeners('request')
  const asked = new Promise<string | undefined>((resolve) => {
    server.on('request', (request, response) => request.url === path ? resolve(request.method) : handle(request, response))
  })
  return {
    asked,
    release () {
      server.removeAllListeners('request')
      server.on('request', handle)
    }
  }
}
