import t from 'tap'
import { call } from '../support/machines.ts'
import { ask, DEVICE_CODE } from '../support/device.ts'
import { sharedServers } from '../support/shared-server.ts'
import { basic, createDatabase, eventually, signedIn, token } from '../support/start-server.ts'
import { sql } from '../support/session-rows.ts'

const build = sharedServers(t)

type Made = { id: string, client_id: string, client_secret: string | null, secret: string | null, grant_types: string[] }

const URI = 'https://app.example.com/callback'
const SCOPES = { scopes: { 'orders:read': 'See your orders' } }

t.test('a user registers, lists, changes and revokes a client', async (t) => {
  const { app, logs } = await build(t, SCOPES)
  const { access_token: bearer, user } = await signedIn(app)
  const answer = await call(app, 'POST', 'clients', bearer, { name: 'My app', redirect_uris: [URI] })
  t.equal(answer.statusCode, 201, answer.body)
  t.equal(answer.headers['cache-control'], 'no-store')
  const made = answer.json<Made>()
  t.match(made, {
    client_id: /^lk_client_/, client_secret: /^lk_cs_/, grant_types: ['authorization_code', 'refresh_token'],
    confidential: true, redirect_uris: [URI], scopes: ['*']
  })
  t.same([made.id, made.secret], [made.client_id, made.client_secret], 'as Passport names them')
  t.match(await sql(app, 'SELECT owner_id, first_party, proxy, skips_consent FROM clients WHERE id = $1', [made.id]), [{
    owner_id: user.id, first_party: false, proxy: false, skips_consent: false
  }])

  const list = await call(app, 'GET', 'clients', bearer)
  t.match(list.json(), [{ id: made.id, name: 'My app' }])
  t.notMatch(list.body, /"(client_)?secret"/, 'the secret is shown once')
  const changed = await call(app, 'PUT', `clients/${made.id}`, bearer, { name: 'Renamed', redirect: `${URI}, com.example.app:/callback` })
  t.match([changed.statusCode, changed.json()], [200, { name: 'Renamed', redirect_uris: [URI, 'com.example.app:/callback'] }])

  t.match(
    (await token(app, { grant_type: 'client_credentials' }, basic(made.id, made.secret!))).json(),
    { error: 'unauthorized_client' },
    'nobody gets a machine this way'
  )
  t.equal((await call(app, 'DELETE', `clients/${made.id}`, bearer)).statusCode, 204)
  t.match((await token(app, { grant_type: 'refresh_token', refresh_token: 'x' }, basic(made.id, made.secret!))).json(), {
    error: 'invalid_client'
  })
  t.same((await call(app, 'GET', 'clients', bearer)).json(), [])
  for (const [method, path, body] of [
    ['DELETE', '', undefined],
    ['PUT', '', { name: 'x', redirect: URI }],
    ['POST', '/secret', {}]
  ] as const) {
    t.match((await call(app, method, `clients/${made.id}${path}`, bearer, body)).json(), { statusCode: 404, code: 'LK_NOT_FOUND' }, method)
  }
  t.notMatch(logs(), made.secret!)
})

t.test('a public client has no secret, and a device client needs no redirect URI', async (t) => {
  const { app } = await build(t, SCOPES)
  const { access_token: bearer } = await signedIn(app)
  const open = (await call(app, 'POST', 'clients', bearer, { name: 'Open', redirect: URI, confidential: false, scopes: ['orders:read'] }))
    .json<Made>()
  t.match(open, { client_secret: null, secret: null, confidential: false, token_endpoint_auth_method: 'none', scopes: ['orders:read'] })
  t.match(
    (await call(app, 'POST', 'clients', bearer, { name: 'Spaces', redirect: URI, scopes: [' orders:read', 'openid  orders:read '] }))
      .json(),
    { scopes: ['orders:read', 'openid'] },
    'a space too many is none'
  )
  t.match((await call(app, 'POST', `clients/${open.id}/secret`, bearer, {})).json(), { statusCode: 404 }, 'and gets none')
  const tv = (await call(app, 'POST', 'clients', bearer, { name: 'TV', device: true, confidential: false })).json<Made>()
  t.same(tv.grant_types, ['refresh_token', DEVICE_CODE])
  t.equal((await ask(app, { client_id: tv.id, scope: 'orders:read' })).statusCode, 200)
  t.match((await ask(app, { client_id: open.id })).json(), { error: 'unauthorized_client' })
})

t.test('each invalid field of a client is reported with a message', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const { id } = (await call(app, 'POST', 'clients', bearer, { name: 'x', redirect: URI })).json<Made>()
  const bad: [object, object][] = [
    [{ redirect: URI }, { name: [/required/] }],
    [{ name: ' ', redirect: URI }, { name: [/required/] }],
    [{ name: 'x'.repeat(256), redirect: URI }, { name: [String] }],
    [{ name: 'a\u202eb', redirect: URI }, { name: [/contains invisible/] }],
    [{ name: 'Latchkey', redirect: URI }, { name: [/name of this service, Latchkey/] }],
    [{ name: 'The official L\u0430tchkey \u0430pp', redirect: URI }, { name: [/looks like it/] }],
    [{ name: 'x' }, { redirect_uris: [/required/] }],
    [{ name: 'x', redirect: 'nonsense' }, { redirect_uris: ['One or more redirects have an invalid URI format.', /nonsense/] }],
    [
      { name: 'x', redirect_uris: [URI, 'http://example.com/cb'] },
      { redirect_uris: [/invalid URI/, /^http:\/\/example\.com\/cb is http/] }
    ],
    [
      { name: 'x', redirect_uris: ['https://app.example.com\\@evil.example/cb'] },
      { redirect_uris: [/invalid URI/, /not an absolute URI/] }
    ],
    [{ name: 'x', redirect_uris: [`${URI}#part`] }, { redirect_uris: [/invalid URI/, /fragment/] }],
    [{ name: 'x', redirect_uris: URI }, { redirect_uris: [String] }]
  ]
  for (const [body, errors] of bad) {
    for (const [method, path] of [['POST', 'clients'], ['PUT', `clients/${id}`]] as const) {
      t.match(
        (await call(app, method, path, bearer, body)).json(),
        { statusCode: 422, code: 'LK_VALIDATION', errors },
        `${method} ${JSON.stringify(body).slice(0, 60)}`
      )
    }
  }
  t.match((await call(app, 'POST', 'clients', bearer, { name: 'x', redirect: URI, scopes: ['nothing', 'revocations:read'] })).json(), {
    errors: { scopes: ['Unknown scopes: nothing, revocations:read'] }
  })
  t.match((await call(app, 'POST', `clients/${id}/secret`, bearer, { overlap: -1 })).json(), {
    statusCode: 422,
    errors: { overlap: [String] }
  })
  t.same((await call(app, 'GET', 'clients', bearer)).json<object[]>().length, 1)
})

t.test('after a rotation with overlap both secrets are valid, in every process', async (t) => {
  const databaseUrl = await createDatabase(t)
  const [{ app }, { app: second }] = [await build(t, { databaseUrl }), await build(t, { databaseUrl })]
  const { access_token: bearer } = await signedIn(app)
  const { id, secret: first } = (await call(app, 'POST', 'clients', bearer, { name: 'x', redirect: URI })).json<Made>()
  const error = async (where: typeof app, secret: string) =>
    (await token(where, { grant_type: 'refresh_token', refresh_token: 'x' }, basic(id, secret))).json<{ error: string }>().error
  // invalid_grant: the client is who it says
  for (const where of [app, second]) t.equal(await error(where, first!), 'invalid_grant')
  const rotated = await call(app, 'POST', `clients/${id}/secret`, bearer, { overlap: 3600 })
  t.equal(rotated.statusCode, 201, rotated.body)
  const { client_secret: next, previous_secret_until: until } = rotated.json<{ client_secret: string, previous_secret_until: string }>()
  t.ok(Math.abs(Date.parse(until) - Date.now() - 3_600_000) < 10_000)
  for (const where of [app, second]) for (const secret of [first!, next]) t.equal(await error(where, secret), 'invalid_grant', 'at once')
  t.match((await call(app, 'GET', 'clients', bearer)).json(), [{ previous_secret_until: until }])

  await sql(app, "UPDATE clients SET previous_secret_until = now() - interval '1 second' WHERE id = $1", [id])
  for (const where of [app, second]) {
    t.ok(await eventually(async () => await error(where, first!) === 'invalid_client', 4000), 'the old one has stopped')
    t.equal(await error(where, next), 'invalid_grant')
  }
  const { client_secret: last } = (await call(app, 'POST', `clients/${id}/secret`, bearer)).json<{ client_secret: string }>()
  t.equal(await error(app, last), 'invalid_grant')
  t.equal(await error(app, next), 'invalid_client', 'without an overlap the old one stops at once')
})

t.test('refresh_grace and refresh_token_in_body can be set within bounds, and are kept by a change without them', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const settings = { refresh_grace: 600, refresh_token_in_body: false }
  const made = (await call(app, 'POST', 'clients', bearer, { name: 'x', redirect: URI, ...settings })).json<Made>()
  t.match(made, settings)
  const put = (body: object) => call(app, 'PUT', `clients/${made.client_id}`, bearer, { name: 'x', redirect: URI, ...body })
  t.match((await put({})).json(), settings)
  t.match((await put({ refresh_grace: 0, refresh_token_in_body: true })).json(), { refresh_grace: 0, refresh_token_in_body: true })
  t.match((await put({ refresh_grace: null })).json(), { refresh_grace: null, refresh_token_in_body: true })
  t.match((await call(app, 'GET', 'clients', bearer)).json(), [{ refresh_grace: null, refresh_token_in_body: true }])
  t.match((await call(app, 'POST', 'clients', bearer, { name: 'y', redirect: URI })).json(), {
    refresh_grace: null,
    refresh_token_in_body: true
  })
  for (const wrong of [
    { refresh_grace: -1 },
    { refresh_grace: 601 },
    { refresh_grace: 1.5 },
    { refresh_grace: 'long' },
    { refresh_token_in_body: 'perhaps' }
  ]) {
    for (const answer of [await put(wrong), await call(app, 'POST', 'clients', bearer, { name: 'z', redirect: URI, ...wrong })]) {
      t.equal(answer.statusCode, 422, JSON.stringify(wrong))
    }
  }
})

t.test('a user may have 100 clients', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer, user } = await signedIn(app)
  await sql(
    app,
    "INSERT INTO clients (id, name, grant_types, owner_id) SELECT 'lk_client_' || n, 'x', '{}', $1 FROM generate_series(1, 100) n",
    [user.id]
  )
  t.match((await call(app, 'POST', 'clients', bearer, { name: 'x', redirect: URI })).json(), {
    statusCode: 422,
    errors: { name: [/100 clients/] }
  })
})
