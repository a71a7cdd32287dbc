import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { authGuard } from '../../../src/index.ts'
import { internals } from '../../../plugins/internals.ts'
import { asked, makeTv, poll } from '../../support/device.ts'
import { guardedHost } from '../../support/guarded-host.ts'
import { refreshGrant, rotated, sessionId, sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, eventually, login, makeClient, refresh, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { statementsDuring } from '../../support/statements.ts'
import { letIn, loggedIn, makeApp, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const HOUR = 3600

/** Seconds since 1970, an hour ago, when the browser session is said to have started. */
async function longAgo (app: FastifyInstance): Promise<number> {
  const [row] = await sql<{ at: number }>(
    app,
    'UPDATE browser_sessions SET auth_time = auth_time - $1 * interval \'1 second\' RETURNING floor(extract(epoch FROM auth_time))::int AS at',
    [HOUR]
  )
  return row!.at
}

t.test('RFC 9068 section 2.2.1: access tokens say when and how the user logged in, and a refresh keeps it', async (t) => {
  const { app } = await build(t)
  const before = Math.floor(Date.now() / 1000)
  const tokens = await signedIn(app)
  const claims = claimsOf(tokens.access_token)
  t.same(claims['amr'], ['pwd'])
  t.ok(Math.abs(Number(claims['auth_time']) - before) < 10)
  await sql(app, "UPDATE sessions SET auth_time = auth_time - interval '1 hour', amr = '{pwd,otp}'")
  const next = claimsOf((await rotated(app, tokens.refresh_token)).access_token)
  t.match(next, { auth_time: Number(claims['auth_time']) - HOUR, amr: ['pwd', 'otp'] })
})

t.test('a code and a device carry the time of the browser session', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const at = await longAgo(app)
  await sql(app, "UPDATE browser_sessions SET amr = '{pwd,hwk}'")
  const again = visit(app)
  for (const [name, value] of visitor.cookies) again.cookies.set(name, value)
  const client = await makeApp(app)
  // The session is cached for 5 seconds
  await new Promise((resolve) => setTimeout(resolve, 5100))
  const tokens = await letIn(app, again, client, 'openid')
  t.match(claimsOf(tokens.access_token), { auth_time: at, amr: ['pwd', 'hwk'] })
  const { id_token: idToken } = tokens as Tokens & { id_token: string }
  t.match(claimsOf(idToken), { auth_time: at, amr: ['pwd', 'hwk'] }, 'as the id token')
  const refreshed = (await refreshGrant(app, tokens.refresh_token, client.basic)).json<Tokens & { id_token: string }>()
  t.match([claimsOf(refreshed.access_token), claimsOf(refreshed.id_token)], [{ auth_time: at }, { auth_time: at }])

  const tv = await makeTv(app)
  const waiting = await asked(app, { client_id: tv.id })
  const question = await again.follow(await again.submit(await again.get('/device'), { user_code: waiting.user_code }))
  await again.submit(question, { decision: 'allow' })
  t.match(claimsOf((await poll(app, tv.id, waiting.device_code)).json<Tokens>().access_token), { auth_time: at, amr: ['pwd', 'hwk'] })
})

t.test('sessions of earlier versions began with a password', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  const [row] = await sql<{ at: number }>(
    app,
    `UPDATE sessions SET auth_time = NULL, amr = '{}', created_at = created_at - interval '1 hour'
    RETURNING floor(extract(epoch FROM created_at))::int AS at`
  )
  const next = await rotated(app, tokens.refresh_token)
  t.match(claimsOf(next.access_token), { auth_time: row!.at, amr: ['pwd'] })
  await sql(app, 'UPDATE sessions SET oidc = $1', [{ nonce: null, authTime: 1_767_000_000, claims: null }])
  t.match(claimsOf((await rotated(app, next.refresh_token)).access_token), { auth_time: 1_767_000_000 }, 'or as their id tokens say')
})

t.test('introspection and guards know it, local and remote', async (t) => {
  const { app } = await build(t)
  const host = await guardedHost(t, app)
  host.get('/local', { onRequest: host.authGuard('api') }, async ({ auth }) => ({ authTime: auth.authTime, amr: auth.amr }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { issuer } = internals(app).config
  const tokens = await signedIn(app)
  const seconds = Number(claimsOf(tokens.access_token)['auth_time'])
  const expected = { authTime: new Date(seconds * 1000).toISOString(), amr: ['pwd'] }
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  t.same((await host.inject({ url: '/local', headers })).json(), expected)

  const api = Fastify()
  t.teardown(() => api.close())
  await api.register(authGuard, { issuer })
  api.get('/remote', { onRequest: api.authGuard('api') }, async ({ auth }) => ({ authTime: auth.authTime, amr: auth.amr }))
  t.ok(await eventually(async () => (await api.inject({ url: '/remote', headers })).statusCode === 200))
  t.same((await api.inject({ url: '/remote', headers })).json(), expected)

  const { basic, id } = await makeClient(app)
  const own = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple' }, basic))
    .json<Tokens>()
  for (const text of [own.access_token, own.refresh_token]) {
    const answer = await app.inject({ method: 'POST', url: '/v1/oauth/introspect', headers: { authorization: basic }, payload: { token: text } })
    t.match(answer.json(), { active: true, client_id: id, auth_time: Number, amr: ['pwd'] })
  }
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  t.notMatch(claimsOf((await token(app, { grant_type: 'client_credentials' }, machine.basic)).json<Tokens>().access_token), { auth_time: Number })
})

t.test('it costs no further statement', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  t.equal(await statementsDuring(app, () => login(app)), 2, 'the user, the session')
  t.equal(await statementsDuring(app, () => refresh(app, tokens.refresh_token)), 1)
  t.ok(sessionId(tokens))
})
