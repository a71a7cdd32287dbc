import t from 'tap'
import { guardedHost } from '../../support/guarded-host.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { basic, claimsOf, makeClient, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const SCOPES = { scopes: { 'orders:read': 'See orders', 'orders:write': 'Change orders', 'users:read': 'See users' } }

/** A host with routes of its own behind the guard. */
async function host (t: Parameters<typeof build>[0]) {
  const { app } = await build(t, SCOPES)
  const host = await guardedHost(t, app)
  const { authGuard: guard } = host
  host.get(
    '/machines',
    { onRequest: guard('client') },
    async ({ auth }) => ({ kind: auth.kind, userId: auth.userId, clientId: auth.clientId, user: await auth.user() })
  )
  host.get('/machines/write', { onRequest: guard('client', { scopes: ['orders:read', 'orders:write'] }) }, async () => ({}))
  host.get('/machines/any', { onRequest: guard('client', { anyScope: ['users:read', 'orders:read'] }) }, async () => ({}))
  host.get('/both', { onRequest: guard('api', { clients: true }) }, async ({ auth }) => ({ kind: auth.kind }))
  host.get('/users', { onRequest: guard('api') }, async () => ({}))
  const get = (url: string, text?: string) => host.inject({ url, headers: text === undefined ? {} : { authorization: `Bearer ${text}` } })
  return { app, get }
}

const grant = async (app: Parameters<typeof token>[0], authorization: string, scope?: string) => (
  await token(app, { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) }, authorization)
).json<Tokens & { error?: string }>()

t.test('RFC 6749 section 4.4: client_credentials issues an access token without a refresh token, and stores no session', async (t) => {
  const { app } = await build(t, SCOPES)
  const machine = await makeClient(app, {
    grantTypes: ['client_credentials', 'refresh_token'], scopes: ['orders:read', 'orders:write'],
    defaultScopes: ['orders:read']
  })
  const answer = await token(app, { grant_type: 'client_credentials' }, machine.basic)
  t.equal(answer.statusCode, 200)
  t.match([answer.headers['cache-control'], answer.headers['pragma']], ['no-store', 'no-cache'])
  t.same(
    Object.keys(answer.json()).sort(),
    ['access_token', 'expires_in', 'scope', 'token_type'],
    'no refresh token, although the client may refresh'
  )
  t.match(claimsOf(answer.json<Tokens>().access_token), { sub: machine.id, client_id: machine.id, scope: 'orders:read', sid: undefined })
  t.same(await sql(app, 'SELECT 1 FROM sessions'), [])
})

t.test('allowed scopes, default scopes and the lifetime of tokens are settings of the client', async (t) => {
  const { app } = await build(t, SCOPES)
  const reader = await makeClient(app, {
    grantTypes: ['client_credentials'], firstParty: false, scopes: ['orders:read', 'users:read'],
    defaultScopes: ['users:read'], accessTokenTtl: 90
  })
  t.match(await grant(app, reader.basic), { scope: 'users:read', expires_in: 90 })
  t.match(await grant(app, reader.basic, ' orders:read  users:read'), { scope: 'orders:read users:read' }, 'a space too many is none')
  t.match(await grant(app, reader.basic, 'orders:read users:read'), { scope: 'orders:read users:read' })
  for (const scope of ['orders:write', 'orders:read orders:write', 'nothing', '*', 'revocations:read']) {
    t.match(await grant(app, reader.basic, scope), { error: 'invalid_scope' }, scope)
  }
  const anything = await makeClient(app, { grantTypes: ['client_credentials'], firstParty: false })
  const plain = await grant(app, anything.basic)
  t.match(plain, { expires_in: 3600 })
  t.notOk('scope' in plain, 'none by default')
  t.match(await grant(app, anything.basic, 'orders:write'), { scope: 'orders:write' })
})

t.test('client_credentials refuses public clients, clients without the grant and wrong secrets', async (t) => {
  const { app } = await build(t)
  const open = await makeClient(app, { authMethod: 'none', grantTypes: ['client_credentials'] })
  t.match((await token(app, { grant_type: 'client_credentials', client_id: open.id })).json(), { error: 'unauthorized_client' })
  t.match(await grant(app, (await makeClient(app)).basic), { error: 'unauthorized_client' })
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  t.match(await grant(app, basic(machine.id, 'wrong')), { error: 'invalid_client' })
})

t.test("authGuard('client') accepts tokens of clients only", async (t) => {
  const { app, get } = await host(t)
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const { access_token: own } = await grant(app, machine.basic)
  const { access_token: users } = await signedIn(app)
  t.same((await get('/machines', own)).json(), { kind: 'client', userId: null, clientId: machine.id, user: null })
  t.same((await get('/both', own)).json(), { kind: 'client' })
  t.same((await get('/both', users)).json(), { kind: 'session' })
  for (const [url, text] of [['/machines', users], ['/users', own], ['/machines', undefined]] as const) {
    const answer = await get(url, text)
    t.equal(answer.statusCode, 401, url)
    t.match(
      answer.headers['www-authenticate'],
      text === undefined ? /^Bearer realm="latchkey", resource_metadata="[^"]+"$/ : /error="invalid_token"/
    )
  }
})

t.test('a guard requires all or one of its scopes of a client, and the 403 names the missing ones', async (t) => {
  const { app, get } = await host(t)
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const with1 = async (scope: string) => (await grant(app, machine.basic, scope)).access_token
  t.equal((await get('/machines/write', await with1('orders:read orders:write'))).statusCode, 200)
  const refused = await get('/machines/write', await with1('orders:read'))
  t.equal(refused.statusCode, 403)
  t.match(refused.headers['www-authenticate'], /error="insufficient_scope".*scope="orders:read orders:write"/)
  t.equal((await get('/machines/any', await with1('orders:read'))).statusCode, 200)
  t.equal((await get('/machines/any', await with1('orders:write'))).statusCode, 403)
})

t.test('a token of a revoked client is refused at once', async (t) => {
  const { app, get } = await host(t)
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const { access_token: own } = await grant(app, machine.basic)
  await internals(app).store.clients.revoke(machine.id)
  t.equal((await get('/machines', own)).statusCode, 401)
})
