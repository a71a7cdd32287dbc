import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { advanceTime } from '../../../src/testing.ts'
import { tokensOf } from '../../support/app-upstream.ts'
import { asked, makeTv, poll } from '../../support/device.ts'
import { EVENTS, startLogoutUpstream, type LogoutUpstream } from '../../support/logout-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { build, eventually, login, profile, refresh, register, token as exchange, type Tokens } from '../../support/start-server.ts'
import { CLIENT, logInUpstream } from '../../support/upstream.ts'
import { authorize, CALLBACK, letIn, makeApp, paramsOf, VERIFIER, visit } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const GRACE = { sub: 'grace-at-acme', email: 'grace@example.com', email_verified: true, name: 'Grace Hopper' }

async function world (t: Test, options: Partial<AppOptions> = {}) {
  const upstream = await startLogoutUpstream(t)
  const provider = { ...CLIENT, issuer: upstream.issuer, label: 'Acme' }
  const { app, logs } = await build(t, { ...options, social: { acme: provider, other: { ...provider, label: 'Other' } } })
  upstream.tells(app)
  const tell = async (logoutToken: string, name = 'acme') => await app.inject({
    method: 'POST', url: `/v1/auth/${name}/backchannel-logout`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: String(new URLSearchParams({ logout_token: logoutToken }))
  })
  const enter = async (person = ADA, name = 'acme') => {
    const visitor = visit(app)
    await logInUpstream(visitor, upstream, person, { name })
    return visitor
  }
  /** The session at the provider that the last login of this browser came from. */
  const sidOf = async (subject: string) =>
    (await sql<{ sid: string }>(app, 'SELECT sid FROM upstream_sessions WHERE subject = $1 ORDER BY id DESC LIMIT 1', [subject]))[0]!.sid
  return { app, logs, upstream, tell, enter, sidOf }
}

type App = Awaited<ReturnType<typeof world>>['app']

const isIn = async (visitor: ReturnType<typeof visit>) => (await visitor.get('/account')).statusCode === 200
const byIdToken = async (app: App, upstream: LogoutUpstream, person = ADA) => (await app.inject({
  method: 'POST', url: '/v1/auth/acme', payload: { client: 'web', id_token: (await tokensOf(upstream, person)).id_token }
})).json<Tokens>()

t.test('a login that is over at the provider is over here: the browser, its applications and its devices', async (t) => {
  const { app, upstream, enter, sidOf } = await world(t)
  const ended: string[] = []
  app.latchkey.on('session.ended', ({ reason, clientId }) => { ended.push(`${reason} ${clientId === null ? 'browser' : 'client'}`) })
  const elsewhere = await enter()
  const visitor = await enter()
  const sid = await sidOf(ADA.sub)
  t.ok(sid, 'the id token names the session')
  const client = await makeApp(app)
  const tokens = await letIn(app, visitor, client, 'openid')
  t.equal((await profileOf(app, tokens)).statusCode, 200)
  const { code } = paramsOf(await authorize(visitor, client.id))
  const tv = await makeTv(app)
  const waiting = await asked(app, { client_id: tv.id })
  const question = await visitor.follow(await visitor.submit(await visitor.get('/device'), { user_code: waiting.user_code }))
  await visitor.submit(question, { decision: 'allow' })
  const grace = await enter(GRACE)

  await upstream.endLogin(ADA.sub, sid)
  t.notOk(await isIn(visitor), 'the browser')
  t.equal((await profileOf(app, tokens)).statusCode, 401, 'an application, at once')
  t.match((await token(app, code!, client.basic)).json(), { error: 'invalid_grant' }, 'a code that waits')
  t.match((await poll(app, tv.id, waiting.device_code)).json(), { error: String }, 'a device that waits')
  t.ok(await isIn(elsewhere), 'another login of the user stays')
  t.ok(await isIn(grace))
  t.ok(await eventually(() => ended.length === 2))
  t.same(ended.sort(), ['provider browser', 'provider client'])
})

t.test('a device that came from the login ends with it', async (t) => {
  const { app, upstream, enter, sidOf } = await world(t)
  const visitor = await enter()
  const tv = await makeTv(app)
  const waiting = await asked(app, { client_id: tv.id })
  const question = await visitor.follow(await visitor.submit(await visitor.get('/device'), { user_code: waiting.user_code }))
  await visitor.submit(question, { decision: 'allow' })
  const tokens = (await poll(app, tv.id, waiting.device_code)).json<Tokens>()
  t.ok(tokens.access_token)
  await upstream.endLogin(ADA.sub, await sidOf(ADA.sub))
  t.equal((await profileOf(app, tokens)).statusCode, 401)
})

t.test('a token without a session ends every login of the user at this provider, and no other', async (t) => {
  const { app, upstream, tell, enter } = await world(t)
  const [first, second, other, grace] = [await enter(), await enter(), await enter(ADA, 'other'), await enter(GRACE)]
  const tokens = await byIdToken(app, upstream)
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  const answer = await tell(await upstream.sign({ sub: ADA.sub }))
  t.match([answer.statusCode, answer.headers['cache-control']], [200, 'no-store'])
  t.notOk(await isIn(first))
  t.notOk(await isIn(second))
  t.equal((await profile(app, tokens.access_token)).statusCode, 401, 'what an app has started')
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
  t.ok(await isIn(other), 'the same person at another provider')
  t.ok(await isIn(grace))
  t.ok(await isIn(await enter()), 'the next login is one')
})

t.test('the login of a client proxy ends as well', async (t) => {
  const { app, upstream, tell } = await world(t)
  const page = 'https://app.example.com/welcome'
  await sql(app, "UPDATE clients SET redirect_uris = $1 WHERE slug = 'web'", [[page]])
  const done = await logInUpstream(visit(app), upstream, ADA, { query: `?${new URLSearchParams({ client: 'web', return_to: page })}` })
  const cookie = done.cookies.find(({ name }) => name === 'refreshToken')!.value
  t.equal((await tell(await upstream.sign({ sub: ADA.sub }))).statusCode, 200)
  const answer = await app.inject({
    method: 'POST', url: '/v1/clients/web/refresh', headers: { cookie: `refreshToken=${cookie}`, 'sec-fetch-site': 'same-origin' }
  })
  t.equal(answer.statusCode, 401)
})

t.test('a session at the provider that nobody has here is nothing to end, and logins with a password stay', async (t) => {
  const { app, upstream, tell, enter } = await world(t)
  await register(app, { email: 'grace@example.com' })
  const tokens = (await login(app, { email: 'grace@example.com' })).json<Tokens>()
  const visitor = await enter()
  for (const claims of [{ sid: 'unknown' }, { sub: 'nobody' }, { sub: GRACE.sub, sid: 'unknown' }]) {
    const answer = await tell(await upstream.sign(claims))
    t.match([answer.statusCode, answer.headers['cache-control']], [200, 'no-store'], JSON.stringify(claims))
  }
  t.ok(await isIn(visitor))
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
})

t.test('a session is ended only for its own user', async (t) => {
  const { upstream, tell, enter, sidOf } = await world(t)
  const visitor = await enter()
  t.equal((await tell(await upstream.sign({ sub: 'eve', sid: await sidOf(ADA.sub) }))).statusCode, 200)
  t.ok(await isIn(visitor))
  t.equal((await tell(await upstream.sign({ sid: await sidOf(ADA.sub) }))).statusCode, 200, 'the session alone is enough')
  t.notOk(await isIn(visitor))
})

t.test('a logout token counts once, also of two at once', async (t) => {
  const { upstream, tell, enter } = await world(t)
  await enter()
  const logout = await upstream.sign({ sub: ADA.sub })
  const answers = await Promise.all([1, 2, 3].map(async () => (await tell(logout)).statusCode))
  t.same(answers.sort(), [200, 400, 400])
  const visitor = await enter()
  const replayed = await tell(logout)
  t.match([replayed.statusCode, replayed.headers['cache-control']], [400, 'no-store'])
  t.same(replayed.json(), { error: 'invalid_request', error_description: 'The logout token was used before' })
  t.ok(await isIn(visitor), 'a later login stays')
})

t.test('what the provider has not signed as a logout token for this application ends nothing', async (t) => {
  const { app, logs, upstream, tell, enter } = await world(t)
  const visitor = await enter()
  const now = Math.floor(Date.now() / 1000)
  const good = { iss: upstream.issuer, aud: CLIENT.clientId, iat: now, exp: now + 120, jti: 'x', events: EVENTS, sub: ADA.sub }
  const { privateKey: stranger } = await generateKeyPair('RS256')
  const secret = new TextEncoder().encode(CLIENT.clientSecret.padEnd(32, ' '))
  const header = { kid: 'its-key', typ: 'logout+jwt' }
  const wrong: Record<string, string> = {
    'another audience': await upstream.sign({ sub: ADA.sub, aud: 'a-game' }),
    'one more audience': await upstream.sign({ sub: ADA.sub, aud: [CLIENT.clientId, 'a-game'] }),
    'another issuer': await upstream.sign({ sub: ADA.sub, iss: 'https://other.example' }),
    'its issuer, spelled differently': await upstream.sign({ sub: ADA.sub, iss: `${upstream.issuer}/` }),
    'a nonce': await upstream.sign({ sub: ADA.sub, nonce: 'n-1' }),
    'no events': await upstream.sign({ sub: ADA.sub, events: undefined }),
    'other events': await upstream.sign({ sub: ADA.sub, events: { 'https://other.example/event': {} } }),
    'the event as text': await upstream.sign({ sub: ADA.sub, events: { [Object.keys(EVENTS)[0]!]: 'yes' } }),
    'the event as null': await upstream.sign({ sub: ADA.sub, events: { [Object.keys(EVENTS)[0]!]: null } }),
    'neither user nor session': await upstream.sign({}),
    'a session that is no text': await upstream.sign({ sid: 7 }),
    'no jti': await upstream.sign({ sub: ADA.sub, jti: undefined }),
    'no expiry': await upstream.sign({ sub: ADA.sub, exp: undefined }),
    expired: await upstream.sign({ sub: ADA.sub, iat: now - 1000, exp: now - 400 }),
    'valid for days': await upstream.sign({ sub: ADA.sub, exp: now + 3 * 86_400 }),
    'issued in the future': await upstream.sign({ sub: ADA.sub, iat: now + 3600, exp: now + 3700 }),
    'an access token': await upstream.sign({ sub: ADA.sub }, { typ: 'at+jwt' }),
    'an id token': (await tokensOf(upstream, ADA)).id_token,
    'another key': await new SignJWT(good).setProtectedHeader({ alg: 'RS256', ...header }).sign(stranger),
    'an unknown key': await new SignJWT(good).setProtectedHeader({ alg: 'RS256', ...header, kid: 'unknown' }).sign(stranger),
    'a secret': await new SignJWT(good).setProtectedHeader({ alg: 'HS256', ...header }).sign(secret),
    'no signature': new UnsecuredJWT(good).encode(),
    'no token': 'a.b.c',
    'nothing like a token': 'abc'
  }
  for (const [what, logout] of Object.entries(wrong)) {
    const answer = await tell(logout)
    t.match([answer.statusCode, answer.headers['cache-control'], answer.headers['content-type']], [400, 'no-store', /json/], what)
    t.match(answer.json(), { error: 'invalid_request', error_description: String }, what)
  }
  t.equal((await app.inject({ method: 'POST', url: '/v1/auth/acme/backchannel-logout' })).statusCode, 400, 'nothing')
  t.equal((await app.inject('/v1/auth/acme/backchannel-logout')).statusCode, 404, 'a GET')
  t.ok(await isIn(visitor))
  t.notMatch(logs(), wrong['another audience']!)
  t.equal((await tell(await upstream.sign({ sub: ADA.sub }, { typ: 'JWT' }))).statusCode, 200, 'older providers call it a JWT')
  t.notOk(await isIn(visitor))
})

t.test('forged logout tokens do not reach the provider, and its new keys are found', async (t) => {
  const { app, upstream, tell } = await world(t)
  const { privateKey } = await generateKeyPair('RS256')
  const forged = async (claims: object, header: object = {}) =>
    await new SignJWT({ iss: upstream.issuer, aud: CLIENT.clientId, events: EVENTS, ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'x', ...header }).sign(privateKey)
  for (let i = 0; i < 5; i++) await tell(await forged({ aud: 'a-game' }))
  t.equal(upstream.keyRequests(), 0, 'what it could not have signed')
  await Promise.all(Array.from({ length: 10 }, async () => await tell(await forged({}))))
  for (let i = 0; i < 5; i++) await tell(await forged({}, { kid: `k-${i}` }))
  t.equal(upstream.keyRequests(), 1)
  await advanceTime(app, 31)
  for (let i = 0; i < 5; i++) await tell(await forged({}, { kid: `k-${i}` }))
  t.equal(upstream.keyRequests(), 2, 'twice a minute')
})

t.test('a provider that is down is asked twice a minute, and a token is not used up by it', async (t) => {
  const { app, upstream, tell, enter } = await world(t)
  const visitor = await enter()
  const logout = await upstream.sign({ sub: ADA.sub })
  const port = (upstream.server.address() as { port: number }).port
  upstream.server.closeAllConnections()
  await new Promise((resolve) => upstream.server.close(resolve))
  const answer = await tell(logout)
  t.match([answer.statusCode, answer.json()], [400, { error: 'invalid_request', error_description: /cannot be read at the moment/ }])
  t.ok(await isIn(visitor))
  await new Promise<void>((resolve) => upstream.server.listen(port, '127.0.0.1', resolve))
  t.equal((await tell(logout)).statusCode, 400, 'too soon')
  await advanceTime(app, 31)
  t.equal((await tell(logout)).statusCode, 200)
  t.notOk(await isIn(visitor))
})

t.test('only OpenID providers are listened to', async (t) => {
  const address = 'https://git.example.com'
  const { app } = await build(t, {
    social: {
      gitea: {
        clientId: 'x', authorizationEndpoint: `${address}/a`, tokenEndpoint: `${address}/t`, profileEndpoints: { user: `${address}/u` },
        profile: () => null
      }
    }
  })
  t.equal((await app.inject({ method: 'POST', url: '/v1/auth/gitea/backchannel-logout' })).statusCode, 404)
  const { tell } = await world(t)
  t.equal((await tell('a.b.c', 'nobody')).statusCode, 404)
})

t.test('logout tokens of an address are limited', async (t) => {
  const { tell } = await world(t, { rateLimit: 'on' })
  let last = 400
  for (let i = 0; i < 610 && last === 400; i++) last = (await tell('a.b.c')).statusCode
  t.equal(last, 429)
})

const profileOf = async (app: App, tokens: Tokens) =>
  await app.inject({ method: 'GET', url: '/v1/oauth/userinfo', headers: { authorization: `Bearer ${tokens.access_token}` } })

const token = async (app: App, code: string, basic: string) =>
  await exchange(app, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER }, basic)
