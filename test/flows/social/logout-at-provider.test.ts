import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import type { SocialProvider } from '../../../src/config/social-options.ts'
import { internals } from '../../../plugins/internals.ts'
import { lintErrors } from '../../support/lint-openapi.ts'
import { browseProvider } from '../../support/provider-browser.ts'
import { sql } from '../../support/session-rows.ts'
import { build, claimsOf, createDatabase, profile, register, token, type MadeClient, type Tokens } from '../../support/start-server.ts'
import { CLIENT, pathOf, startUpstream } from '../../support/upstream.ts'
import { authorize, CALLBACK, formOf, logIn, makeApp, paramsOf, VERIFIER, visit, type Visitor } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const AFTER = 'https://app.example.com/bye?x=1'
const OURS = 'http://localhost:3000'
const at = (name: string, route: string) => `${OURS}/v1/auth/${name}/${route}`

type Options = { app?: Partial<AppOptions>, provider?: Partial<SocialProvider>, upstream?: object }

/** A provider that logs its users out for us, and a browser that is logged in at both. */
async function world (t: Test, options: Options = {}) {
  const upstream = await startUpstream(t, [at('acme', 'callback'), at('other', 'callback')], {
    clients: [{
      client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, grant_types: ['authorization_code'], response_types: ['code'],
      redirect_uris: [at('acme', 'callback'), at('other', 'callback')],
      post_logout_redirect_uris: [at('acme', 'logged-out'), at('other', 'logged-out')]
    }],
    ...options.upstream
  })
  upstream.person = ADA
  let asked = 0
  upstream.server.on('request', ({ url }) => { if (url?.startsWith('/interaction/')) asked++ })
  const provider = { ...CLIENT, issuer: upstream.issuer, label: 'Acme', logout: true, ...options.provider }
  const social = { acme: provider, other: { ...provider, label: 'Other' } }
  const databaseUrl = options.app?.databaseUrl ?? await createDatabase(t)
  const { app, logs } = await build(t, { ...options.app, databaseUrl, social })

  async function enter ({ visitor = visit(app), there = browseProvider(), name = 'acme' } = {}) {
    const back = await there.open((await visitor.get(`/v1/auth/${name}/redirect`)).headers.location!)
    const answer = await visitor.get(pathOf(back.url))
    return { visitor, there, answer }
  }
  /** How often the provider has asked who the user is. */
  const logins = () => asked
  return { app, logs, upstream, databaseUrl, social, enter, logins }
}

const isIn = async (visitor: Visitor) => (await visitor.get('/account')).statusCode === 200
const pressLogOut = async (visitor: Visitor) => await visitor.submit(await visitor.get('/logout'))
const yes = { logout: 'yes' }

t.test('who logs out is logged out at the provider, too, and comes back to the page that says so', async (t) => {
  const { upstream, enter, logins } = await world(t)
  const { visitor, there } = await enter()
  t.ok(await isIn(visitor))
  const page = await visitor.get('/logout')
  t.match(page.body, 'You will be logged out of Acme as well.')
  const left = await visitor.submit(page)
  t.equal(left.statusCode, 303)
  const address = new URL(left.headers.location!)
  t.equal(address.origin + address.pathname, `${upstream.issuer}/session/end`)
  const { id_token_hint: hint = '', ...params } = paramsOf(left)
  t.match(params, { client_id: CLIENT.clientId, post_logout_redirect_uri: at('acme', 'logged-out'), state: /^lk_ot_/ })
  t.match(claimsOf(hint), { iss: upstream.issuer, aud: CLIENT.clientId, sub: ADA.sub })
  t.notOk(await isIn(visitor), 'ours is over before the provider has said anything')
  t.match([left.headers['referrer-policy'], left.headers['cache-control']], ['same-origin', 'no-store'])

  const question = await there.open(left.headers.location!)
  t.equal(question.status, 200, `at ${question.url}`)
  const back = await there.submit(question, yes)
  t.match(back.url, at('acme', 'logged-out'))
  t.equal((await visitor.get(pathOf(back.url))).headers.location, '/logout')
  t.match((await visitor.follow(await visitor.get(pathOf(back.url)))).body, 'You are logged out')
  t.equal(logins(), 1)
  await enter({ visitor, there })
  t.equal(logins(), 2, 'the next login asks who it is')
})

t.test('an application that logs its user out gets them back, with its state', async (t) => {
  const { app, enter, logins } = await world(t)
  const { visitor, there } = await enter()
  const client = await makeApp(app, { postLogoutRedirectUris: [AFTER] })
  const tokens = await tokensOf(app, visitor, client)
  const request = { id_token_hint: tokens.id_token, post_logout_redirect_uri: AFTER, state: 'a&b', ui_locales: 'de' }
  const left = await visitor.get(`/v1/oauth/logout?${new URLSearchParams(request)}`)
  t.match(left.headers.location, /\/session\/end/)
  const { id_token_hint: hint, ...rest } = paramsOf(left)
  t.equal(claimsOf(hint!)['sub'], ADA.sub, 'the hint is that of the provider')
  t.equal(rest['ui_locales'], 'de')
  t.notMatch(JSON.stringify(rest), /app\.example|a&b|a%26b/, 'the provider is not told of the application')
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  const back = await there.submit(await there.open(left.headers.location!), yes)
  const answer = await visitor.follow(await visitor.get(pathOf(back.url)))
  t.match([answer.statusCode, answer.headers.location], [303, `${AFTER}&state=a%26b`])
  await enter({ there })
  t.equal(logins(), 2)
})

t.test('an application whose request is confirmed on the page gets its user back as well', async (t) => {
  const { app, enter } = await world(t)
  const { visitor, there } = await enter()
  const client = await makeApp(app, { postLogoutRedirectUris: [AFTER] })
  const page = await visitor.get(`/v1/oauth/logout?${new URLSearchParams({ client_id: client.id, post_logout_redirect_uri: AFTER, state: 's' })}`)
  t.match(page.body, /Acme Reports asks to log you out[^]*logged out of Acme as well/)
  const back = await there.submit(await there.open((await visitor.submit(page)).headers.location!), yes)
  t.equal((await visitor.follow(await visitor.get(pathOf(back.url)))).headers.location, `${AFTER}&state=s`)
})

t.test('pages with a button for the logout let the browser go on to the provider', async (t) => {
  const { app, enter } = await world(t)
  const { visitor } = await enter()
  for (const path of ['/account', '/account/profile', '/account/security', '/account/data', '/logout']) {
    const page = await visitor.get(path)
    t.match([page.statusCode, page.body], [200, 'action="/logout"'], path)
    t.notMatch(page.headers['content-security-policy'], 'form-action', path)
  }
  const { hidden } = formOf(await visitor.get('/account'))
  t.match((await visitor.post('/logout', hidden)).headers.location, /\/session\/end/, 'at once, without a question')
  t.match((await visit(app).get('/register')).headers['content-security-policy'], "form-action 'self'", 'others do not')
})

t.test('a state leads on once, in its browser, at its provider, and never anywhere else', async (t) => {
  const { app, enter } = await world(t)
  const client = await makeApp(app, { postLogoutRedirectUris: [AFTER] })
  const leave = async () => {
    const { visitor } = await enter()
    const page = await visitor.get(`/v1/oauth/logout?${new URLSearchParams({ client_id: client.id, post_logout_redirect_uri: AFTER })}`)
    return { visitor, state: paramsOf(await visitor.submit(page))['state']! }
  }
  const back = async (visitor: Visitor, state: string, name = 'acme') =>
    await visitor.get(`/v1/auth/${name}/logged-out?${new URLSearchParams({ state })}`)
  const { visitor, state } = await leave()
  t.equal((await back(visit(app), state)).headers.location, '/logout', 'another browser')
  t.equal((await back(visitor, state, 'other')).headers.location, '/logout', 'another provider')
  t.match((await back(visitor, state)).headers.location, /^\/v1\/oauth\/logout\?/)
  t.equal((await back(visitor, state)).headers.location, '/logout', 'a second time')
  for (const forged of ['', 'x', 'https://evil.example', '//evil.example', `lk_ot_${'A'.repeat(43)}`, 'x'.repeat(5000)]) {
    t.match((await back(visitor, forged)).headers.location, /^\/logout$/, forged.slice(0, 30))
  }
  t.equal((await visitor.get('/v1/auth/acme/logged-out')).headers.location, '/logout')
  t.equal((await visitor.get('/v1/auth/nobody/logged-out')).statusCode, 404)

  const login = paramsOf(await visitor.get('/v1/auth/acme/redirect?return_to=/account'))
  t.equal((await back(visitor, login['state']!)).headers.location, '/logout', 'that of a login')
  const other = await leave()
  const answer = await other.visitor.get(`/v1/auth/acme/callback?${new URLSearchParams({ state: other.state, code: 'x' })}`)
  t.equal(answer.statusCode, 400, 'and that of a logout is no login')
})

t.test('an application that is revoked meanwhile is not led to', async (t) => {
  const { app, enter } = await world(t)
  const { visitor } = await enter()
  const client = await makeApp(app, { postLogoutRedirectUris: [AFTER] })
  const page = await visitor.get(`/v1/oauth/logout?${new URLSearchParams({ client_id: client.id, post_logout_redirect_uri: AFTER })}`)
  const { state } = paramsOf(await visitor.submit(page))
  await internals(app).store.clients.revoke(client.id)
  internals(app).clients.forget(client.id)
  const answer = await visitor.follow(await visitor.get(`/v1/auth/acme/logged-out?state=${state}`))
  t.match([answer.statusCode, answer.headers.location], [400, undefined])
})

t.test('who has logged in again meanwhile is asked before that login ends', async (t) => {
  const { enter } = await world(t)
  const { visitor, there } = await enter()
  const { state } = paramsOf(await pressLogOut(visitor))
  await enter({ visitor, there })
  const page = await visitor.follow(await visitor.get(`/v1/auth/acme/logged-out?state=${state}`))
  t.match(page.body, 'Log out?')
  t.ok(await isIn(visitor))
})

t.test('a form that is sent twice leads to the provider both times', async (t) => {
  const { app, enter } = await world(t)
  const { visitor, there } = await enter()
  const { hidden } = formOf(await visitor.get('/logout'))
  const same = visit(app)
  for (const [name, value] of visitor.cookies) same.cookies.set(name, value)
  const answers = [await visitor.post('/logout', hidden), await same.post('/logout', hidden)]
  for (const answer of answers) t.match([answer.statusCode, paramsOf(answer)], [303, { id_token_hint: String, state: String }])
  const back = await there.submit(await there.open(answers[1]!.headers.location!), yes)
  t.equal((await same.get(pathOf(back.url))).headers.location, '/logout')
  same.cookies.set('latchkey', visitor.cookies.get('latchkey') ?? 'x')
  t.equal((await same.post('/logout', hidden)).headers.location, '/logout', 'and the page is where it ends')
})

t.test('other logins end here alone', async (t) => {
  const { app, enter } = await world(t)
  await enter()
  await register(app, { email: 'grace@example.com' })
  const visitor = visit(app)
  await logIn(visitor, '/login', { username: 'grace@example.com' })
  const page = await visitor.get('/logout')
  t.notMatch(page.body, 'Acme')
  t.equal((await visitor.submit(page)).headers.location, '/logout')
})

t.test('without the option no id token is kept, and a logout stays here', async (t) => {
  const { app, enter } = await world(t, { provider: { logout: false } })
  const { visitor } = await enter()
  t.same(await sql(app, 'SELECT sealed FROM upstream_sessions'), [{ sealed: null }])
  t.equal((await pressLogOut(visitor)).headers.location, '/logout')
  t.equal((await visitor.get('/v1/auth/acme/logged-out')).statusCode, 404)
  t.match((await visitor.get('/login')).headers['content-security-policy'], "form-action 'self'")
})

t.test('the id token is kept sealed, for the browser session alone, and goes soon after it', async (t) => {
  const { app, logs, enter } = await world(t)
  const { visitor } = await enter()
  await sql(app, "UPDATE clients SET redirect_uris = $1 WHERE slug = 'web'", [['https://app.example.com/welcome']])
  const proxied = visit(app)
  const there = browseProvider()
  const start = await proxied.get(`/v1/auth/acme/redirect?${new URLSearchParams({ client: 'web', return_to: 'https://app.example.com/welcome' })}`)
  t.equal((await proxied.get(pathOf((await there.open(start.headers.location!)).url))).headers.location, 'https://app.example.com/welcome')
  await tokensOf(app, visitor, await makeApp(app))
  const rows = await sql<{ browser: boolean, sealed: Buffer | null }>(app,
    'SELECT x.sealed, EXISTS (SELECT FROM browser_sessions b WHERE b.id = x.id) AS browser FROM upstream_sessions x ORDER BY 2')
  t.match(rows, [{ browser: false, sealed: null }, { browser: false, sealed: null }, { browser: true, sealed: Buffer }])
  const hint = paramsOf(await pressLogOut(visitor))['id_token_hint']!
  t.notOk(rows[2]!.sealed!.includes(hint.split('.')[1]!), 'not as a text')
  t.match(await sql(app, "SELECT x.expires_at <= now() + interval '1 hour' AS soon FROM upstream_sessions x WHERE x.sealed IS NOT NULL"), [{ soon: true }])
  for (const part of hint.split('.')) t.notMatch(logs(), part)
  t.notMatch(logs(), 'id_token_hint')
})

t.test('the provider is asked by the id token that a login has brought which something was missing for', async (t) => {
  const { app, enter } = await world(t)
  await enter()
  await sql(app, 'UPDATE users SET deletion_requested_at = now()')
  const { visitor, answer } = await enter()
  const restored = await visitor.follow(await visitor.submit(answer, { decision: 'restore' }))
  t.ok(await isIn(visitor), restored.body)
  t.equal(claimsOf(paramsOf(await pressLogOut(visitor))['id_token_hint']!)['sub'], ADA.sub)
})

t.test('with another APP_KEY the provider is asked without a hint', async (t) => {
  const { app, enter } = await world(t)
  const { visitor } = await enter()
  await sql(app, "UPDATE upstream_sessions SET sealed = '\\x00112233'")
  const params = paramsOf(await pressLogOut(visitor))
  t.match(params, { client_id: CLIENT.clientId, state: /^lk_ot_/ })
  t.notOk(params['id_token_hint'])
})

t.test('an id token that is too long for an address is left out', async (t) => {
  const { app, upstream, enter } = await world(t)
  upstream.person = { ...ADA, locale: 'x'.repeat(6000) }
  const { visitor } = await enter()
  t.same(await sql(app, 'SELECT sealed FROM upstream_sessions'), [{ sealed: null }])
  const params = paramsOf(await pressLogOut(visitor))
  t.match(params, { client_id: CLIENT.clientId, post_logout_redirect_uri: at('acme', 'logged-out') })
  t.notOk(params['id_token_hint'])
})

t.test('a provider without a logout of its own changes nothing about ours', async (t) => {
  const features = { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } }
  const { logs, enter } = await world(t, { upstream: { features } })
  const { visitor } = await enter()
  const posted = await pressLogOut(visitor)
  t.equal(posted.headers.location, '/logout')
  t.match((await visitor.follow(posted)).body, 'You are logged out')
  t.notOk(await isIn(visitor))
  t.match(logs(), 'acme has no end_session_endpoint')
})

t.test('a provider that is down or slow holds up no logout', async (t) => {
  const { upstream, databaseUrl, social, enter } = await world(t)
  const [first, second] = [await enter(), await enter()]
  // Another process, which has not read the metadata yet
  const { app, logs } = await build(t, { databaseUrl, social })
  const as = ({ visitor }: typeof first) => {
    const same = visit(app)
    for (const [name, value] of visitor.cookies) same.cookies.set(name, value)
    return same
  }
  upstream.server.removeAllListeners('request').on('request', () => {})
  const slow = as(first)
  t.equal((await pressLogOut(slow)).headers.location, '/logout', 'slow')
  t.notOk(await isIn(slow))
  t.match(logs(), /acme has not answered within 2000 ms/)
  upstream.server.closeAllConnections()
  await new Promise((resolve) => upstream.server.close(resolve))
  const down = as(second)
  t.equal((await pressLogOut(down)).headers.location, '/logout', 'down')
  t.notOk(await isIn(down))
})

t.test('the route is in the document, which is valid, where a provider has the option', async (t) => {
  const { app } = await world(t)
  const document = (await app.inject('/docs/json')).json<{ paths: Record<string, object> }>()
  t.match(document.paths['/v1/auth/{provider}/logged-out'], { get: { parameters: Array } })
  t.same(await lintErrors(document), [])
})

type WithIdToken = Tokens & { id_token: string }

async function tokensOf (app: FastifyInstance, visitor: Visitor, client: MadeClient): Promise<WithIdToken> {
  const { code } = paramsOf(await authorize(visitor, client.id))
  const fields = { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }
  return (await token(app, fields, client.basic)).json<WithIdToken>()
}
