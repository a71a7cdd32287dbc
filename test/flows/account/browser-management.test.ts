import type { InjectOptions } from 'fastify'
import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { profile, signedIn } from '../../support/start-server.ts'
import type { Method } from '../../support/machines.ts'
import { sql } from '../../support/session-rows.ts'
import { loggedIn, type Visitor } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const ORIGIN = 'http://localhost:3000'
const OWN = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }
const EVIL = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
type App = Parameters<typeof signedIn>[0]
type Headers = Record<string, string>

/** `fetch` of a page: with the browser's cookies, and JSON. */
const fetches =
  (app: App, { cookies }: Pick<Visitor, 'cookies'>) =>
    (method: Method, path: string, payload?: InjectOptions['payload'], headers: Headers = OWN) =>
      app.inject({
        method,
        url: `/v1/oauth/${path}`,
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), ...headers },
        ...(payload !== undefined && { payload })
      })

t.test('a same-origin page uses the management API with the cookie of its browser session', async (t) => {
  const { app } = await build(t, { scopes: { 'orders:read': 'See your orders' } })
  const visitor = await loggedIn(app)
  const send = fetches(app, visitor)
  const [session] = (await send('GET', 'tokens')).json<{ id: string, kind: string, current: boolean }[]>()
  t.match(session, { kind: 'browser', current: true })
  t.ok((await send('GET', 'scopes')).json<{ id: string }[]>().some(({ id }) => id === 'orders:read'))
  const made = (
    await send('POST', 'personal-access-tokens', { name: 'Script', scopes: ['orders:read'] })
  ).json<{ access_token: string, token: { id: string } }>()
  t.equal((await profile(app, made.access_token)).statusCode, 200)
  t.match((await send('GET', 'personal-access-tokens')).json(), [{ id: made.token.id }])
  t.equal((await send('DELETE', `personal-access-tokens/${made.token.id}`)).statusCode, 204)
  const client = (
    await send('POST', 'clients', { name: 'Mine', redirect: 'https://app.example.com/cb' })
  ).json<{ id: string, client_secret: string }>()
  t.match((await send('GET', 'clients')).json(), [{ id: client.id }])
  t.match((await send('PUT', `clients/${client.id}`, { name: 'Ours', redirect: 'https://app.example.com/cb' })).json(), { name: 'Ours' })
  const rotated = (await send('POST', `clients/${client.id}/secret`)).json<{ client_secret: string }>()
  t.match(rotated, { client_secret: /^lk_cs_/ })
  t.not(rotated.client_secret, client.client_secret)
  t.equal((await send('DELETE', `clients/${client.id}`)).statusCode, 204)
  t.equal((await send('DELETE', `tokens/${session!.id}`)).statusCode, 204)
  t.equal((await send('GET', 'tokens')).statusCode, 401, 'and has logged itself out')
})

t.test('a cross-site request with the cookie neither reads nor changes anything, even from an origin in CORS_ORIGINS', async (t) => {
  const friend = 'https://app.example.com'
  const { app } = await build(t, { corsOrigins: [friend] })
  const visitor = await loggedIn(app)
  const send = fetches(app, visitor)
  const [session] = (await send('GET', 'tokens')).json<{ id: string }[]>()
  const foreign: Headers[] = [
    EVIL,
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://localhost:3001', 'sec-fetch-site': 'same-site' },
    { origin: friend, 'sec-fetch-site': 'same-site' },
    { origin: friend },
    { 'sec-fetch-site': 'cross-site' }
  ]
  const routes: [Method, string, object?][] = [
    ['GET', 'tokens'],
    ['GET', 'clients'],
    ['GET', 'personal-access-tokens'],
    ['DELETE', `tokens/${session!.id}`],
    ['POST', 'personal-access-tokens', { name: 'x' }],
    ['POST', 'clients', { name: 'x', redirect: `${friend}/cb` }]
  ]
  for (const headers of foreign) {
    for (const [method, path, body] of routes) {
      t.match(
        (await send(method, path, body, headers)).json(),
        { statusCode: 403, code: 'LK_FOREIGN_ORIGIN' },
        `${method} ${path} ${JSON.stringify(headers)}`
      )
    }
  }
  for (const [method, path, body] of routes.slice(3)) {
    t.equal((await send(method, path, body, {})).statusCode, 403, `${method} ${path} of who says nothing`)
  }
  t.equal((await send('GET', 'tokens', undefined, {})).statusCode, 200, 'an older browser reads its own')
  t.same(await sql(app, 'SELECT 1 FROM personal_access_tokens'), [])
})

t.test('a management request with a form body is refused, because any site can post a form', async (t) => {
  const { app } = await build(t)
  const send = fetches(app, await loggedIn(app))
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', 'application/jsonx']) {
    t.equal((await send('POST', 'personal-access-tokens', 'name=x', { ...OWN, 'content-type': type })).statusCode, 415, type)
  }
  t.equal(
    (await send('POST', 'personal-access-tokens', '{"name":"x"}', { ...OWN, 'content-type': 'application/json; charset=utf-8' }))
      .statusCode,
    201
  )
})

t.test('a bearer token takes precedence over the cookie, and an invalid one is refused despite a valid cookie', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const send = fetches(app, visitor)
  const eve = await signedIn(app, { email: 'eve@example.com' })
  const sessions = (await send('GET', 'tokens', undefined, { authorization: `Bearer ${eve.access_token}` })).json<{ kind: string }[]>()
  t.match(sessions, [{ kind: 'session' }])
  for (const authorization of ['Bearer x', 'Basic eDp5', '']) {
    const answer = await send('GET', 'tokens', undefined, { ...OWN, authorization })
    t.match([answer.statusCode, answer.headers['www-authenticate']], [401, /^Bearer /], authorization)
  }
  const guest = await fetches(app, { cookies: new Map([['latchkey', 'nothing']]) })('GET', 'tokens')
  t.match([guest.statusCode, guest.headers['www-authenticate']], [401, /^Bearer /])
})

t.test('a browser session creates no token with more scopes than its client may have, and none for another user', async (t) => {
  const { app } = await build(t, { scopes: { 'orders:read': 'See your orders', 'orders:write': 'Place orders' } })
  const send = fetches(app, await loggedIn(app))
  const personal = await internals(app).personalTokens.client()
  await sql(app, "UPDATE clients SET scopes = '{orders:read}' WHERE id = $1", [personal.id])
  for (const scopes of [['orders:write'], ['*'], ['orders:read', 'orders:write'], ['nothing']]) {
    t.match((await send('POST', 'personal-access-tokens', { name: 'x', scopes })).json(), {
      statusCode: 422,
      errors: { scopes: [/is unknown or not allowed/] }
    }, scopes.join())
  }
  t.equal((await send('POST', 'personal-access-tokens', { name: 'x', scopes: ['orders:read'] })).statusCode, 201)
  const eve = await signedIn(app, { email: 'eve@example.com' })
  const [hers] = await internals(app).account.access.list(eve.user.id)
  t.match((await send('DELETE', `tokens/${hers!.id}`)).json(), { statusCode: 404, code: 'LK_NOT_FOUND' })
  t.equal((await profile(app, eve.access_token)).statusCode, 200)
})

t.test('a browser session that was ended in another process manages nothing', async (t) => {
  const { app } = await build(t)
  const send = fetches(app, await loggedIn(app))
  t.equal((await send('GET', 'tokens')).statusCode, 200)
  await sql(app, 'UPDATE browser_sessions SET revoked_at = now()')
  t.match((await send('POST', 'personal-access-tokens', { name: 'x' })).json(), { statusCode: 403, code: 'LK_FIRST_PARTY_ONLY' })
})

t.test('routes other than management still require a token', async (t) => {
  const { app } = await build(t)
  const { cookies } = await loggedIn(app)
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  t.equal((await app.inject({ url: '/v1/profile', headers: { cookie, ...OWN } })).statusCode, 401)
  t.equal((await app.inject({ method: 'PATCH', url: '/v1/profile', headers: { cookie, ...OWN }, payload: { name: 'x' } })).statusCode, 401)
})
