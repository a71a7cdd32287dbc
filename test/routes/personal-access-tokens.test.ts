import t from 'tap'
import { guardedHost } from '../support/guarded-host.ts'
import { personalToken, call, type MadeToken } from '../support/machines.ts'
import { sharedServers } from '../support/shared-server.ts'
import { claimsOf, makeClient, profile, signedIn, token, type Tokens } from '../support/start-server.ts'
import { sql } from '../support/session-rows.ts'
import { statementsDuring } from '../support/statements.ts'
import { internals } from '../../plugins/internals.ts'
import { advanceTime } from '../../src/testing.ts'

const build = sharedServers(t)

const SCOPES = { scopes: { 'orders:read': 'See your orders', 'orders:write': 'Change your orders' } }

t.test('a user creates, lists, uses and revokes a personal access token', async (t) => {
  const { app, logs } = await build(t, SCOPES)
  const { access_token: bearer, user } = await signedIn(app)
  const answer = await call(app, 'POST', 'personal-access-tokens', bearer, { name: ' Backup ', scopes: ['orders:read'] })
  t.equal(answer.statusCode, 201, answer.body)
  t.equal(answer.headers['cache-control'], 'no-store')
  const made = answer.json<MadeToken>()
  t.match(made, { access_token: /^lk_pat_[\w-]{48}$/, token: { name: 'Backup', scopes: ['orders:read'], last_used_at: null } })
  t.equal(made.accessToken, made.access_token, 'as Passport names it')
  const days = (Date.parse(made.token.expires_at!) - Date.now()) / 86_400_000
  t.ok(days > 364 && days < 366, 'a year')

  const [row] = await sql(app, 'SELECT p::text AS row FROM personal_access_tokens p')
  t.notMatch(row!['row'], made.access_token)
  t.notMatch(row!['row'], made.access_token.slice('lk_pat_'.length))
  t.same((await call(app, 'GET', 'personal-access-tokens', bearer)).json(), [made.token])
  t.match((await profile(app, made.access_token)).json(), { id: user.id })

  t.equal((await call(app, 'DELETE', `personal-access-tokens/${made.token.id}`, bearer)).statusCode, 204)
  t.equal((await profile(app, made.access_token)).statusCode, 401, 'at once')
  t.same((await call(app, 'GET', 'personal-access-tokens', bearer)).json(), [])
  t.match(
    (await call(app, 'DELETE', `personal-access-tokens/${made.token.id}`, bearer)).json(),
    { statusCode: 404, code: 'LK_NOT_FOUND' },
    'once'
  )
  t.notMatch(logs(), made.access_token)
})

t.test('its lifetime is the requested one, or unlimited', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const short = await personalToken(app, bearer, { expires_in: 3600 })
  t.ok(Math.abs(Date.parse(short.token.expires_at!) - Date.now() - 3_600_000) < 10_000)
  t.equal((await personalToken(app, bearer, { expires_in: null })).token.expires_at, null)
  t.equal((await profile(app, short.access_token)).statusCode, 200)
  await advanceTime(app, 3601)
  t.equal((await profile(app, short.access_token)).statusCode, 401)
})

t.test('a cached token still expires on time', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const { access_token: text } = await personalToken(app, bearer, { expires_in: 3600 })
  await advanceTime(app, 3598)
  t.equal((await profile(app, text)).statusCode, 200)
  await advanceTime(app, 3)
  t.equal((await profile(app, text)).statusCode, 401)
})

t.test('a body with missing or invalid fields is 422, by field', async (t) => {
  const { app } = await build(t, SCOPES)
  const { access_token: bearer } = await signedIn(app)
  const bad: [object, object][] = [
    [{}, { name: [/required/] }],
    [{ name: '' }, { name: [String] }],
    [{ name: '  ' }, { name: [/required/] }],
    [{ name: 'x'.repeat(256) }, { name: [String] }],
    [{ name: 'a\nb' }, { name: [/contains invisible/] }],
    [{ name: 7 }, { name: [String] }],
    [{ name: 'x', scopes: ['nothing'] }, { scopes: [/The scope nothing is unknown/] }],
    [{ name: 'x', scopes: 'orders:read' }, { scopes: [String] }],
    [{ name: 'x', scopes: ['orders:read', 'a b'] }, { scopes: [String] }],
    [{ name: 'x', expires_in: 1 }, { expires_in: [String] }],
    [{ name: 'x', expires_in: '3600' }, { expires_in: [String] }]
  ]
  for (const [body, errors] of bad) {
    const answer = await call(app, 'POST', 'personal-access-tokens', bearer, body)
    t.match([answer.statusCode, answer.json()], [422, { code: 'LK_VALIDATION', errors }], JSON.stringify(body).slice(0, 60))
  }
  t.same(await sql(app, 'SELECT 1 FROM personal_access_tokens'), [])
})

t.test('a token has exactly the scopes that it was created with', async (t) => {
  const { app } = await build(t, SCOPES)
  const { access_token: bearer } = await signedIn(app)
  const host = await guardedHost(t, app)
  host.get('/read', { onRequest: host.authGuard('api', { scopes: ['orders:read'] }) }, async ({ auth }) => auth)
  host.get('/write', { onRequest: host.authGuard('api', { scopes: ['orders:write'] }) }, async () => ({}))
  host.get('/machine', { onRequest: host.authGuard('client') }, async () => ({}))
  const get = (url: string, text: string) => host.inject({ url, headers: { authorization: `Bearer ${text}` } })
  const { access_token: text, token: { id } } = await personalToken(app, bearer, { scopes: ['orders:read'] })
  t.match((await get('/read', text)).json(), {
    kind: 'personal', tokenId: id, sessionId: null, scopes: ['orders:read'], clientId: /^lk_client_/
  })
  t.equal((await get('/write', text)).statusCode, 403)
  t.equal((await get('/machine', text)).statusCode, 401)
  const { access_token: everything } = await personalToken(app, bearer, { scopes: ['*'] })
  t.equal((await get('/write', everything)).statusCode, 200)
})

t.test('an altered token is refused without a statement', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const { access_token: text } = await personalToken(app, bearer)
  const swapped = `${text.slice(0, 20)}${text[20] === 'A' ? 'B' : 'A'}${text.slice(21)}`
  for (const mangled of [swapped, text.slice(0, -1), `${text}A`, 'lk_pat_', `lk_pat_${'A'.repeat(48)}`, text.toUpperCase()]) {
    t.equal(await statementsDuring(app, async () => t.equal((await profile(app, mangled)).statusCode, 401, mangled)), 0, mangled)
  }
  t.equal((await profile(app, text)).statusCode, 200)
})

t.test('without a personal access client the error tells the operator what to do', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const personal = (await internals(app).store.clients.findPersonal())!
  const { access_token: text } = await personalToken(app, bearer)
  await internals(app).store.clients.revoke(personal.id)
  t.match((await call(app, 'POST', 'personal-access-tokens', bearer, { name: 'x' })).json(), {
    statusCode: 503, code: 'LK_NO_PERSONAL_CLIENT', message: /latchkey client --personal/
  })
  t.equal((await profile(app, text)).statusCode, 401, 'and what it made has ended')
})

t.test('grant_type=personal_access is unsupported', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app, { grantTypes: ['personal_access'] })
  t.match((await token(app, { grant_type: 'personal_access' }, basic)).json(), { error: 'unsupported_grant_type' })
})

t.test('a personal access token can be introspected, and revoked by its holder', async (t) => {
  const { app } = await build(t, SCOPES)
  const { access_token: bearer, user } = await signedIn(app)
  const { access_token: text, token: { id } } = await personalToken(app, bearer, { scopes: ['orders:read'], expires_in: null })
  const { basic } = await makeClient(app, { introspects: true })
  const post = (path: string, token: string) =>
    app.inject({ method: 'POST', url: `/v1/oauth/${path}`, headers: { authorization: basic }, payload: { token } })
  t.match((await post('introspect', text)).json(), {
    active: true, token_type: 'Bearer', sub: user.id, jti: id, scope: 'orders:read', exp: undefined
  })
  t.same((await post('introspect', `lk_pat_${'A'.repeat(48)}`)).json(), { active: false })
  t.equal(
    (await app.inject({ method: 'POST', url: '/v1/oauth/revoke', payload: { token: text } })).statusCode,
    400,
    'a client must say who it is'
  )
  t.equal((await profile(app, text)).statusCode, 200)
  t.equal((await post('revoke', text)).statusCode, 200)
  t.equal((await profile(app, text)).statusCode, 401)
  t.same((await post('introspect', text)).json(), { active: false })
  t.equal((await post('revoke', text)).statusCode, 200, 'what has ended is no error')
})

t.test('logout with a personal access token revokes it, and ends no session', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const { access_token: text } = await personalToken(app, bearer)
  t.equal((await call(app, 'POST', '/v1/api/logout', text)).statusCode, 202)
  t.equal((await profile(app, text)).statusCode, 401)
  t.equal((await profile(app, bearer)).statusCode, 200)
})

t.test('a user may have 100 personal access tokens', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const { token: { id } } = await personalToken(app, bearer)
  await sql(
    app,
    `INSERT INTO personal_access_tokens (id, user_id, client_id, name, scopes, hash, token_epoch)
    SELECT gen_random_uuid(), user_id, client_id, name, scopes, sha256(n::text::bytea), token_epoch FROM personal_access_tokens, generate_series(1, 99) n WHERE id = $1`,
    [id]
  )
  t.match((await call(app, 'POST', 'personal-access-tokens', bearer, { name: 'x' })).json(), {
    statusCode: 422,
    errors: { name: [/100 tokens/] }
  })
})

t.test('a personal access token with openid can call userinfo, although it has no session', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer, user } = await signedIn(app)
  const { access_token: text } = await personalToken(app, bearer, { scopes: ['openid', 'email'] })
  t.match((await call(app, 'GET', 'userinfo', text)).json(), { sub: user.id, email: 'ada@example.com' })
  t.ok(claimsOf(bearer)['sid'])
  const tokens =
    (await app.inject({
      method: 'POST', url: '/v1/clients/web/login',
      payload: { email: 'ada@example.com', password: 'correct horse battery staple' }
    })).json<Tokens>()
  t.ok(tokens.access_token)
})
