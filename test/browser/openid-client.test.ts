import * as client from 'openid-client'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { makeClient, PASSWORD } from '../support/start-server.ts'
import { launch, openContext, SCREENS } from './chromium.ts'
import { startIssuer, startParty } from './party.ts'
import { errorWith } from '../support/error-with.ts'
import { internals } from '../../plugins/internals.ts'

const browser = await launch()
t.teardown(() => browser.close())
const SCREEN = SCREENS[0]!
const insecure = { execute: [client.allowInsecureRequests] }

async function world (t: Test, values: Parameters<typeof makeClient>[1] = {}, prefix = '') {
  const { app, issuer } = await startIssuer(t, { prefix, scopes: { 'orders:read': 'See your orders' } })
  const party = await startParty(t)
  await app.inject({ method: 'POST', url: `${prefix}/v1/register`, payload: { email: 'ada@example.com', password: PASSWORD } })
  const { id, secret } = await makeClient(app, {
    name: 'Acme',
    firstParty: false,
    grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    scopes: ['*'],
    redirectUris: [party.callback],
    postLogoutRedirectUris: [party.bye],
    ...values
  })
  const metadata = {
    id_token_signed_response_alg: values.idTokenAlg ?? 'RS256',
    ...(values.authMethod !== 'none' && { client_secret: secret })
  }
  const config = await client.discovery(
    new URL(issuer),
    id,
    metadata,
    values.authMethod === 'none' ? client.None() : client.ClientSecretBasic(secret),
    insecure
  )
  const context = await openContext(browser, SCREEN)
  t.teardown(() => context.close())
  return { app, issuer, party, config, page: await context.newPage() }
}

async function begin (config: client.Configuration, callback: string, more: Record<string, string> = {}) {
  const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()]
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid email offline_access orders:read',
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...more
  })
  return { url: url.href, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } }
}

async function logIn (page: Page): Promise<void> {
  await page.getByLabel('E-mail').fill('ada@example.com')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
}

for (const [name, values, prefix] of [
  ['RS256, confidential', {}, ''],
  ['ES256, under a prefix', { idTokenAlg: 'ES256' }, '/auth'],
  ['a public client', { authMethod: 'none', grantTypes: ['authorization_code', 'refresh_token'] }, '']
] as const) {
  t.test(`openid-client in a browser: ${name}`, async (t) => {
    const { party, config, page } = await world(t, values as object, prefix)
    const { url, checks } = await begin(config, party.callback)
    await page.goto(url)
    await logIn(page)
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(`${party.callback}?*`)
    const tokens = await client.authorizationCodeGrant(config, new URL(page.url()), checks)
    const { sub } = tokens.claims()!
    t.match(JSON.parse(Buffer.from(tokens.id_token!.split('.')[0]!, 'base64url').toString()), {
      alg: 'idTokenAlg' in values ? values.idTokenAlg : 'RS256'
    })
    t.match(await client.fetchUserInfo(config, tokens.access_token, sub), { sub, email: 'ada@example.com', email_verified: false })

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token!)
    t.equal(refreshed.claims()!.sub, sub)
    if (!('authMethod' in values)) {
      t.match(await client.tokenIntrospection(config, refreshed.access_token), {
        active: true, sub, scope: 'openid email offline_access orders:read'
      })
      t.match(await client.clientCredentialsGrant(config, { scope: 'orders:read' }), { token_type: 'bearer', scope: 'orders:read' })
    }
    const silent = await begin(config, party.callback, { prompt: 'none' })
    await page.goto(silent.url)
    const again = client.authorizationCodeGrant(config, new URL(page.url()), silent.checks)
    // RFC 8252 section 8.6: any program on this machine could pose as one without a secret
    if ('authMethod' in values) await t.rejects(again, errorWith({ error: 'consent_required' }))
    else t.equal((await again).claims()!.sub, sub, 'prompt=none, as the browser is logged in')

    await client.tokenRevocation(config, refreshed.refresh_token!)
    await t.rejects(client.fetchUserInfo(config, refreshed.access_token, sub), 'the session has ended')
    const out = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token!, post_logout_redirect_uri: party.bye, state: 'bye' })
    await page.goto(out.href)
    t.equal(page.url(), `${party.bye}?state=bye`)
    const after = await begin(config, party.callback, { prompt: 'none' })
    await page.goto(after.url)
    await t.rejects(
      client.authorizationCodeGrant(config, new URL(page.url()), after.checks),
      errorWith({ error: 'login_required' }),
      'logged out'
    )
  })
}

t.test('one login serves several applications, without a page where no consent is needed', async (t) => {
  const { app, party, config, page } = await world(t, { firstParty: true, skipsConsent: true })
  const first = await begin(config, party.callback)
  await page.goto(first.url)
  await logIn(page)
  await page.waitForURL(`${party.callback}?*`)
  t.ok(
    (await client.authorizationCodeGrant(config, new URL(page.url()), first.checks)).access_token,
    'the redirect after the login form ends at the app'
  )
  const other = await makeClient(app, { name: 'Other', grantTypes: ['authorization_code'], scopes: ['*'], redirectUris: [party.callback] })
  await page.goto(
    (await begin(
      await client.discovery(new URL(config.serverMetadata().issuer), other.id, other.secret, undefined, insecure),
      party.callback
    )).url
  )
  t.match(await page.textContent('h1'), 'Allow Other to use your account?')
  await page.getByRole('button', { name: 'Deny' }).click()
  await page.waitForURL(`${party.callback}?error=access_denied*`)
})

t.test('a user registers during an authorization request', async (t) => {
  const { party, config, page } = await world(t)
  const { url, checks } = await begin(config, party.callback)
  await page.goto(url)
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByLabel('E-mail').fill('new@example.com')
  await page.getByLabel('Password').fill('short')
  await page.getByRole('button', { name: 'Create account' }).click()
  t.match(await page.textContent('[role=alert]'), 'Use at least 8 characters')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${party.callback}?*`)
  t.ok((await client.authorizationCodeGrant(config, new URL(page.url()), checks)).id_token)
})

for (const scripts of [true, false]) {
  t.test(`form_post is sent ${scripts ? 'by a script' : 'by its button, without scripts'}`, async (t) => {
    const { party, config } = await world(t, { firstParty: true, skipsConsent: true })
    const context = await openContext(browser, SCREEN, scripts)
    t.teardown(() => context.close())
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    const { url, checks } = await begin(config, party.callback, { response_mode: 'form_post' })
    await page.goto(url)
    await logIn(page)
    if (!scripts) await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(party.callback)
    const request = new Request(party.callback, { method: 'POST', body: party.posted[0]! })
    t.ok((await client.authorizationCodeGrant(config, request, checks)).id_token)
    t.same(said, [], 'the policy had nothing to say')
  })
}

t.test('RFC 9700 section 4.11.2: an error of a client that a user registered is sent by a button', async (t) => {
  const { app, party, config, page } = await world(t)
  const { id: ownerId } = await (await internals(app).database.prisma()).user.findFirstOrThrow()
  const callback = `${party.callback}?tenant=a%20b`
  const { id, secret } = await makeClient(app, {
    name: 'Acme', firstParty: false, grantTypes: ['authorization_code'], scopes: ['*'], redirectUris: [callback], ownerId
  })
  const owned = await client.discovery(new URL(config.serverMetadata().issuer), id, secret, undefined, insecure)
  const { url, checks } = await begin(owned, callback, { prompt: 'none' })
  await page.goto(url)
  t.equal(page.url(), url, 'still here')
  t.match(await page.textContent('main'), /127\.0\.0\.1:\d+[^]*Go on only if you know this address/)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(`${party.callback}?*`)
  t.equal(new URL(page.url()).searchParams.get('tenant'), 'a b', 'the query of the address stays')
  await t.rejects(client.authorizationCodeGrant(owned, new URL(page.url()), checks), errorWith({ error: 'login_required' }))
})

t.test('a page of the host that requires a login', async (t) => {
  const { app, issuer } = await startIssuer(t, { prefix: '/auth' }, (host) => {
    host.get(
      '/orders',
      { onRequest: host.authGuard('web') },
      async (request, reply) =>
        reply.type('text/html').send(
          `<!DOCTYPE html><title>Orders</title><h1>${(await request.auth.user())!.identifiers[0]!.display}</h1><form method="post"><button>Order</button></form>`
        )
    )
    host.addContentTypeParser('application/x-www-form-urlencoded', (_request, payload, done) => {
      payload.resume().on('end', () => done(null, {}))
    })
    host.post('/orders', { onRequest: host.authGuard('web') }, async (_request, reply) => reply.type('text/html').send('<h1>Ordered</h1>'))
  })
  await app.inject({ method: 'POST', url: '/auth/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  const page = await (await openContext(browser, SCREEN)).newPage()
  await page.goto(`${new URL(issuer).origin}/orders`)
  t.equal(new URL(page.url()).pathname, '/auth/login')
  await logIn(page)
  await page.waitForURL('**/orders')
  t.equal(await page.textContent('h1'), 'ada@example.com')
  await page.getByRole('button').click()
  t.equal(await page.textContent('h1'), 'Ordered', 'a form of the host\'s own page may post')
  await page.goto(`${issuer}/logout`)
  await page.getByRole('button', { name: 'Log out' }).click()
  t.equal(await page.textContent('h1'), 'You are logged out')
  await page.goto(`${new URL(issuer).origin}/orders`)
  t.equal(new URL(page.url()).pathname, '/auth/login')
  await page.context().close()
})
