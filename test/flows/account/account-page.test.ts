import t from 'tap'
import { call, passwordGrant } from '../../support/machines.ts'
import { asked, makeTv, poll } from '../../support/device.ts'
import { sharedServers } from '../../support/shared-server.ts'
import {
  createDatabase, eventually, login, makeClient, profile, refresh, register, signedIn, token,
  type Tokens
} from '../../support/start-server.ts'
import { sessionId, sql } from '../../support/session-rows.ts'
import {
  authorize, authorizeUrl, CALLBACK, formOf, loggedIn, logIn, makeApp, paramsOf, VERIFIER, visit,
  type Visitor
} from '../../support/visitor.ts'
import { tagsOf } from '../../unit/views/html.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const SCOPES = { scopes: { 'orders:read': 'See your orders', 'orders:write': 'Place orders' } }
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'
type App = Parameters<typeof makeTv>[0]

const csrf = async (visitor: Visitor) => formOf(await visitor.get('/account')).hidden['_csrf']!
const end = async (visitor: Visitor, what: string, id: string) =>
  await visitor.post(`/account/${what}/end`, { _csrf: await csrf(visitor), id })
const create = async (visitor: Visitor, fields: Record<string, string>) =>
  await visitor.follow(await visitor.post('/account/tokens', { _csrf: await csrf(visitor), days: '90', ...fields }))
const valueIn = (body: string) => /lk_pat_[\w-]{48}/.exec(body)?.[0]

async function appTokens (app: App, visitor: Visitor, scope = 'openid orders:read') {
  const client = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id, { scope }))
  const exchange = () =>
    token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic)
  return { client, exchange }
}

t.test("the account page lists the user's browser sessions, apps and tokens", async (t) => {
  const { app } = await build(t, SCOPES)
  const visitor = await loggedIn(app, { 'user-agent': FIREFOX })
  await login(app)
  await (await appTokens(app, visitor)).exchange()
  await create(visitor, { name: 'Backup', 'scope:orders:write': 'on' })
  const { statusCode, headers, body } = await visitor.get('/account')
  t.match([statusCode, headers['cache-control']], [200, 'no-store'])
  t.match(body, /<bdi>ada@example\.com<\/bdi>/)
  const [, sessions = '', apps = '', tokens = ''] = body.split('<section')
  t.match(sessions, /<bdi>Firefox on Linux<\/bdi><span class="badge">This browser<[^]*<bdi>127\.0\.0\.1<\/bdi>/)
  t.match(sessions, '<bdi>Latchkey · lightMyRequest</bdi>', 'not by the name that tells an operator what the client is for')
  t.notMatch(sessions, 'Grant Client')
  t.notMatch(sessions, 'Acme Reports')
  t.match(apps, /Acme Reports[^]*Know which account is yours · See your orders/)
  t.match(tokens, /Backup[^]*Place orders/)
  t.notMatch(body, /lk_pat_|lk_rt_|argon2|(secret|token|password)_?hash/i, 'nothing that opens anything')
})

t.test('a guest of the account page logs in and returns to it', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  const answer = await visitor.get('/account')
  t.match([answer.statusCode, answer.headers.location], [303, '/login?return_to=%2Faccount'])
  const back = await visitor.follow(await logIn(visitor, answer.headers.location))
  t.match(back.body, 'Your account')
  const page = formOf(back)
  visitor.cookies.delete('latchkey')
  for (const path of ['sessions/end', 'apps/end', 'tokens/end', 'tokens']) {
    const posted = await visitor.post(`/account/${path}`, { ...page.hidden, id: 'x', name: 'x', days: '30' })
    t.match([posted.statusCode, posted.headers.location], [303, '/account'], path)
  }
  t.same(await sql(app, 'SELECT 1 FROM personal_access_tokens'), [])
})

t.test('"Log out" in the list ends that session at once in every process; on the current session it logs out', async (t) => {
  const databaseUrl = await createDatabase(t)
  const [{ app }, { app: second }] = [await build(t, { databaseUrl }), await build(t, { databaseUrl })]
  const visitor = await loggedIn(app)
  const phone = visit(app)
  await logIn(phone)
  const tokens = (await login(app)).json<Tokens>()
  t.equal((await profile(second, tokens.access_token)).statusCode, 200)
  const done = await end(visitor, 'sessions', sessionId(tokens))
  t.match([done.statusCode, done.headers.location], [303, '/account'])
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
  t.ok(await eventually(async () => (await profile(second, tokens.access_token)).statusCode === 401))
  const ids = (await internals(app).account.access.list(visitor.userId)).map(({ id }) => id)
  t.equal(ids.length, 2)
  for (const id of ids) await end(visitor, 'sessions', id)
  t.equal((await phone.get('/account')).statusCode, 303)
  t.equal((await visitor.get('/account')).headers.location, '/login?return_to=%2Faccount')
})

t.test('disconnecting an app ends its sessions, its consent and its pending codes and devices', async (t) => {
  const { app } = await build(t, SCOPES)
  const visitor = await loggedIn(app)
  const { client, exchange } = await appTokens(app, visitor)
  const tokens = (await exchange()).json<Tokens>()
  const codes = await Promise.all(
    [1, 2].map(async () => paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'openid' })))['code']!)
  )
  const redeem = (code: string) =>
    token(app, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic)
  const later = (await redeem(codes[0]!)).json<Tokens>()
  t.match((await visitor.get('/account')).body.match(/<h3><bdi>Acme Reports/g), { length: 1 }, 'once, whatever the number of its sessions')
  const heard: object[] = []
  app.latchkey.on('session.ended', (details) => { heard.push(details) })

  await end(visitor, 'apps', client.id)
  for (const each of [tokens, later]) {
    t.equal((await profile(app, each.access_token)).statusCode, 401)
    t.match((await token(app, { grant_type: 'refresh_token', refresh_token: each.refresh_token }, client.basic)).json(), {
      error: 'invalid_grant'
    })
  }
  t.match((await redeem(codes[1]!)).json(), { error: 'invalid_grant' }, 'a code that was not redeemed yet')
  t.same(await sql(app, 'SELECT 1 FROM consents'), [])
  t.match(heard, [{ clientId: client.id, userId: visitor.userId, reason: 'user' }, { reason: 'user' }])
  t.notMatch((await visitor.get('/account')).body, 'Acme Reports')
  t.match((await visitor.get(authorizeUrl(client.id))).body, 'Allow Acme Reports to use your account?', 'it must ask again')
})

t.test('disconnecting an app leaves no session of a code whose exchange is in-flight', async (t) => {
  const { app } = await build(t, SCOPES)
  const visitor = await loggedIn(app)
  const { client } = await appTokens(app, visitor)
  const exchange = await internals(app).database.pool.connect()
  await exchange.query('BEGIN')
  // What redeeming does in one statement, held open
  await exchange.query(`WITH redeemed AS (UPDATE authorization_codes SET redeemed_at = now() RETURNING *)
    INSERT INTO sessions (id, user_id, client_id, scopes, secret_hash, token_epoch, expires_at) SELECT session_id, user_id, client_id, scopes, '', token_epoch, now() + interval '1 hour' FROM redeemed`)
  const ending = end(visitor, 'apps', client.id)
  t.ok(
    await eventually(async () =>
      (await sql(app, "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")).length > 0
    ),
    'it is waited for'
  )
  await exchange.query('COMMIT')
  exchange.release()
  await ending
  t.match(await sql(app, 'SELECT revoked_at IS NOT NULL AS ended FROM sessions'), [{ ended: true }])
})

t.test('the list of apps includes an allowed app without a session, and an allowed device', async (t) => {
  const { app } = await build(t, SCOPES)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { name: 'Sleeping App' })
  await authorize(visitor, client.id)
  const ours = await makeApp(app, { name: 'Our Shop', firstParty: true })
  await authorize(visitor, ours.id, { scope: 'openid orders:read' })
  const { id } = await makeTv(app)
  const waiting = await asked(app, { client_id: id })
  await visitor.submit(await visitor.get(`/device?user_code=${waiting.user_code}`), { decision: 'allow' })
  await poll(app, id, waiting.device_code)
  const apps = (await visitor.get('/account')).body.split('<section')[2]!
  for (const name of ['Sleeping App', 'Our Shop', 'Television']) t.match(apps, name)
  t.match(apps, /Sleeping App[^]*Never used/)
  for (const app of [client, ours]) await end(visitor, 'apps', app.id)
  await end(visitor, 'apps', id)
  t.match((await visitor.get('/account')).body, 'No app has access to your account.')
  t.match(
    (await visitor.get(authorizeUrl(ours.id, { scope: 'openid orders:read' }))).body,
    'Allow Our Shop',
    'who was asked can take it back, of the operator or not'
  )
})

t.test('the consent page says that access can be withdrawn', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  t.match((await visitor.get(authorizeUrl((await makeApp(app)).id))).body, 'You can take this back in your account at any time.')
})

t.test('a personal access token is shown once, has the selected scopes, and is revoked by its button', async (t) => {
  const { app, logs } = await build(t, SCOPES)
  const visitor = await loggedIn(app)
  const made = await create(visitor, { name: '  Nightly <b>export  ', 'scope:orders:read': 'on' })
  t.equal(made.statusCode, 200)
  const value = valueIn(made.body)!
  t.match(made.body, 'Copy the token “Nightly &lt;b>export” now')
  t.equal((await profile(app, value)).statusCode, 200)
  t.notOk(valueIn((await visitor.get('/account')).body))
  t.notMatch(logs(), value)
  const [row] = await sql(
    app,
    'SELECT id, name, scopes, extract(day FROM expires_at - created_at)::int AS days FROM personal_access_tokens'
  )
  t.match(row, { name: 'Nightly <b>export', scopes: ['orders:read'], days: 90 })
  await end(visitor, 'tokens', (row as { id: string }).id)
  t.equal((await profile(app, value)).statusCode, 401)
  t.match((await visitor.get('/account')).body, 'You have none.')
})

t.test('the form creates a token without expiry or without scopes; after an error it shows the message and keeps the input', async (t) => {
  const { app } = await build(t, SCOPES)
  const visitor = await loggedIn(app)
  t.ok(valueIn((await create(visitor, { name: 'For ever', days: '0' })).body))
  t.match(await sql(app, 'SELECT expires_at, scopes FROM personal_access_tokens'), [{ expires_at: null, scopes: [] }])
  const refused: [string, Record<string, string>, string][] = [
    ['no name', { name: '' }, 'Fill in this field'],
    ['blanks', { name: '  ' }, 'Fill in this field'],
    ['a long name', { name: 'x'.repeat(256) }, 'does not look right'],
    ['a name with a line', { name: 'a\nb' }, 'does not look right'],
    ['a scope that is none', { name: 'x', 'scope:orders:burn': 'on' }, 'does not look right'],
    ['everything', { name: 'x', 'scope:*': 'on' }, 'does not look right'],
    ['a scope without a name', { name: 'x', 'scope:': 'on' }, 'does not look right'],
    ['a life that is no choice', { name: 'x', days: '36500' }, 'does not look right'],
    ['no number', { name: 'x', days: 'x' }, 'does not look right']
  ]
  for (const [name, fields, message] of refused) {
    const answer = await create(visitor, fields)
    t.match([answer.statusCode, answer.body], [422, message], name)
    t.notOk(valueIn(answer.body))
  }
  const again = await create(visitor, { name: '', 'scope:orders:write': 'on', days: '365' })
  const box = tagsOf(again.body).find(({ attributes }) => attributes['name'] === 'scope:orders:write')!
  t.ok('checked' in box.attributes)
  t.match(again.body, '<option value="365" selected')
  t.match(await sql(app, 'SELECT count(*)::int AS tokens FROM personal_access_tokens'), [{ tokens: 1 }])
})

t.test('the form offers only the scopes that the operator allows, and is absent without a personal access client', async (t) => {
  const { app } = await build(t, SCOPES)
  const visitor = await loggedIn(app)
  const personal = await internals(app).personalTokens.client()
  await sql(app, "UPDATE clients SET scopes = '{orders:read}' WHERE id = $1", [personal.id])
  const page = (await visitor.get('/account')).body
  t.match(page, 'name="scope:orders:read"')
  t.notMatch(page, /name="scope:(orders:write|openid|\*)"/)
  t.equal((await create(visitor, { name: 'x', 'scope:orders:write': 'on' })).statusCode, 422)
  await sql(app, 'UPDATE clients SET revoked_at = now() WHERE id = $1', [personal.id])
  const without = await visitor.get('/account')
  t.equal(without.statusCode, 200)
  t.notMatch(without.body, 'action="/account/tokens"')
  t.equal((await create(visitor, { name: 'x' })).statusCode, 503)
})

t.test('with scope inheritance a personal access token also has the scopes below its own', async (t) => {
  const { app } = await build(t, { scopes: { orders: 'Orders', 'orders:read': 'See your orders' }, scopeInheritance: 'on' })
  const visitor = await loggedIn(app)
  await create(visitor, { name: 'x', 'scope:orders': 'on' })
  t.match(await sql(app, 'SELECT scopes FROM personal_access_tokens'), [{ scopes: ['orders', 'orders:read'] }])
})

t.test('no form of the account page changes anything of another user', async (t) => {
  const { app } = await build(t, SCOPES)
  const ada = await loggedIn(app)
  const { client, exchange } = await appTokens(app, ada)
  const tokens = (await exchange()).json<Tokens>()
  const value = valueIn((await create(ada, { name: 'Hers' })).body)!
  const eveTokens = await signedIn(app, { email: 'eve@example.com' })
  const eve = visit(app)
  await logIn(eve, '/login', { username: 'eve@example.com' })
  const ids = [
    ...(await internals(app).account.access.list(ada.userId)).map(({ id }) => id),
    (await internals(app).personalTokens.list(ada.userId))[0]!.id, client.id, ada.userId, 'x', "' OR 1=1",
    '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'
  ]
  const state = () =>
    sql(
      app,
      `SELECT (SELECT json_agg(s.revoked_at) FROM sessions s) AS sessions, (SELECT json_agg(b.revoked_at) FROM browser_sessions b) AS browsers,
    (SELECT json_agg(p.revoked_at) FROM personal_access_tokens p) AS tokens, (SELECT count(*) FROM consents) AS consents, (SELECT count(*) FROM revocations) AS revocations`
    )
  const before = await state()
  for (const what of ['sessions', 'apps', 'tokens']) {
    for (const id of ids) t.equal((await end(eve, what, id)).statusCode, 303, `${what} ${id}`)
  }
  t.same(await state(), before)
  t.equal((await profile(app, value)).statusCode, 200)
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  t.equal((await profile(app, eveTokens.access_token)).statusCode, 200)
  const { body } = await eve.get('/account')
  for (const id of ids.slice(0, -3)) t.notMatch(body, id)
  t.equal((await end(eve, 'apps', '')).statusCode, 422)
})

t.test('a form of another site, or without the CSRF token of this browser, is refused with a link back', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const [own] = await internals(app).account.access.list(visitor.userId)
  const field = await csrf(visitor)
  for (const path of ['sessions/end', 'apps/end', 'tokens/end', 'tokens']) {
    const post = (fields: Record<string, string>, headers = {}) =>
      visitor.post(`/account/${path}`, { id: own!.id, name: 'x', days: '30', ...fields }, headers)
    for (const headers of [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': '' },
      { origin: '', 'sec-fetch-site': 'same-site' }
    ]) {
      t.equal((await post({ _csrf: field }, headers)).statusCode, 403, path)
    }
    const old = await post({ _csrf: 'x' })
    t.match([old.statusCode, old.body], [403, 'href="/account"'], path)
  }
  t.equal((await visitor.get('/account')).statusCode, 200)
  t.same(await sql(app, 'SELECT 1 FROM personal_access_tokens'), [])
})

t.test('no token is created for a browser session that was ended in another process', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const field = await csrf(visitor)
  await sql(app, 'UPDATE browser_sessions SET revoked_at = now()')
  t.equal((await visitor.post('/account/tokens', { _csrf: field, name: 'x', days: '30' })).statusCode, 403)
  t.same(await sql(app, 'SELECT 1 FROM personal_access_tokens'), [])
})

t.test('the management API and the account page list the same', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const other = await makeClient(app)
  const { access_token: bearer } = await passwordGrant(app, other.basic)
  const listed = (await call(app, 'GET', 'tokens', bearer)).json<{ id: string }[]>().map(({ id }) => id)
  const { body } = await visitor.get('/account')
  t.equal(listed.length, 2)
  for (const id of listed) t.match(body, `name="id" value="${id}"`)
})

t.test('each button of a list has an accessible name of its own that says what it ends', async (t) => {
  const { app } = await build(t, SCOPES)
  const visitor = await loggedIn(app)
  for (let count = 0; count < 3; count++) await login(app)
  for (let count = 0; count < 2; count++) await create(visitor, { name: 'Backup', days: '30' })
  const { body } = await visitor.get('/account')
  const names = [...body.matchAll(/<button class="small danger" type="submit">(.*?)<\/button>/g)].map(([, inner]) =>
    inner!.replace(/<[^>]*>/g, '')
  )
  t.equal(names.length, 7)
  t.same(new Set(names).size, names.length, names.join(' | '))
  t.match(names.filter((name) => name.startsWith('Delete')).sort(), ['Delete Backup', 'Delete Backup (2)'])
})
