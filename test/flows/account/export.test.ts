import t from 'tap'
import { call, personalToken } from '../../support/machines.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, login, signedIn, type Tokens } from '../../support/start-server.ts'
import { rotated, sql } from '../../support/session-rows.ts'
import { CLIENT, logInUpstream, startUpstream } from '../../support/upstream.ts'
import { loggedIn, logIn, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

type Export = { user: { id: string, identifiers: object[] }, sessions: object[], personal_access_tokens: object[], history: object[] }

t.test('GET /v1/profile/export has everything of the user, no secret and nothing of others', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  await signedIn(app, { email: 'eve@example.com' })
  await personalToken(app, mine.access_token, { name: 'Backup' })
  t.ok(await eventually(async () => (await sql(app, 'SELECT FROM audit_events WHERE user_id = $1', [mine.user.id])).length >= 3))
  const answer = await call(app, 'GET', '/v1/profile/export', mine.access_token)
  t.equal(answer.statusCode, 200, answer.body)
  t.equal(answer.headers['cache-control'], 'no-store')
  const data = answer.json<Export>()
  t.match(data, {
    user: { id: mine.user.id, identifiers: [{ attribute: 'email', value: 'ada@example.com' }] },
    sessions: [{ kind: 'session' }], applications: [], personal_access_tokens: [{ name: 'Backup' }]
  })
  t.ok(data.history.length >= 3)
  t.notMatch(answer.body, /hash|stamp|epoch|lk_rt_|lk_pat_|argon2|eve@example/)
})

t.test('an old login is answered as RFC 9470 says; a personal token and a guest get nothing', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  const { access_token: personal } = await personalToken(app, mine.access_token, { scopes: ['*'] })
  t.equal((await call(app, 'GET', '/v1/profile/export', personal)).statusCode, 403)
  t.equal((await call(app, 'GET', '/v1/profile/export')).statusCode, 401)
  await sql(app, "UPDATE sessions SET auth_time = auth_time - interval '11 minutes'")
  const { access_token: old } = await rotated(app, mine.refresh_token)
  const refused = await call(app, 'GET', '/v1/profile/export', old)
  t.match(refused.json(), { statusCode: 401, code: 'LK_LOGIN_TOO_OLD' })
  t.match(refused.headers['www-authenticate'], /error="insufficient_user_authentication".*max_age="600"/)
  t.notMatch(refused.body, 'ada@example.com')
  const { access_token: fresh } = (await login(app)).json<Tokens>()
  t.equal((await call(app, 'GET', '/v1/profile/export', fresh)).statusCode, 200)
})

t.test('the export has the ways in through providers, and none of others', async (t) => {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/acme/callback'])
  const { app } = await build(t, { social: { acme: { ...CLIENT, issuer: upstream.issuer } } })
  await logInUpstream(visit(app), upstream, { sub: 'eve' })
  const visitor = visit(app)
  await logInUpstream(visitor, upstream, { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada' })
  const { identities } = JSON.parse((await visitor.get('/account/data/export')).body) as { identities: object[] }
  t.match(identities, [{ provider: 'acme', subject: 'ada-at-acme', email: 'ada@example.com', name: 'Ada', created_at: /^20.*Z$/, last_used_at: /^20.*Z$/ }])
  t.same(identities.length, 1)
})

t.test('the page downloads the file; with an old login it asks for another first and leads back', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  await sql(app, "UPDATE browser_sessions SET auth_time = auth_time - interval '11 minutes'")
  t.match((await visitor.get('/account/data')).body, 'href="/account/data/export"')
  const asked = await visitor.get('/account/data/export')
  t.match([asked.statusCode, asked.headers.location], [303, '/login?prompt=login&return_to=%2Faccount%2Fdata'])
  const back = await logIn(visitor, asked.headers.location)
  t.match([back.statusCode, back.headers.location], [303, '/account/data'])
  const file = await visitor.get('/account/data/export')
  t.match(file.headers, { 'content-type': /^application\/json/, 'content-disposition': /attachment/, 'cache-control': 'no-store' })
  t.match(JSON.parse(file.body), { user: { id: visitor.userId }, sessions: [{ kind: 'browser' }] })
  visitor.cookies.delete('latchkey')
  t.equal((await visitor.get('/account/data/export')).statusCode, 303)
})
