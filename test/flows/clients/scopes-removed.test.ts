import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { call, passwordGrant, personalToken, type MadeToken } from '../../support/machines.ts'
import { asked, CALLER, decider, makeTv, poll } from '../../support/device.ts'
import { sharedServers } from '../../support/shared-server.ts'
import {
  claimsOf, createDatabase, login, makeClient, refresh, signedIn, token, type MadeClient,
  type Tokens
} from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { authorizeUrl, CALLBACK, loggedIn, makeApp, VERIFIER, type Visitor } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const BOTH = { 'orders:read': 'See your orders', 'orders:write': 'Rewrite all orders' }
const ONE = { 'orders:read': 'See your orders' }
const ALL = 'openid email orders:read orders:write'
const LEFT = 'openid email orders:read'

type Granted = { visitor: Visitor, shop: MadeClient, code: Tokens, own: Tokens, personal: MadeToken, guard: MadeClient }

/** What was granted while both scopes were there: by code, by the proxy, and for a program. */
async function granted (app: FastifyInstance): Promise<Granted> {
  const visitor = await loggedIn(app)
  const shop = await makeApp(app, { scopes: ['openid', 'email', 'orders:read', 'orders:write'] })
  const page = await visitor.get(authorizeUrl(shop.id, { scope: ALL }))
  const { headers: { location } } = await visitor.submit(page, { decision: 'allow' })
  const code =
    (await token(app, {
      grant_type: 'authorization_code', code: new URL(location!).searchParams.get('code')!, code_verifier: VERIFIER,
      redirect_uri: CALLBACK
    }, shop.basic)).json<Tokens>()
  t.equal(code.scope, ALL)
  const own = (await login(app, { email: 'ada@example.com', scope: ALL })).json<Tokens>()
  const personal = await personalToken(app, own.access_token, { scopes: ['orders:read', 'orders:write'] })
  return { visitor, shop, code, own, personal, guard: await makeClient(app, { grantTypes: ['client_credentials'], introspects: true }) }
}

const introspect = async (app: FastifyInstance, text: string, basic: string) =>
  (await app.inject({
    method: 'POST', url: '/v1/oauth/introspect',
    headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ token: text }).toString()
  })).json<{ active: boolean, scope?: string }>()
const idToken = (tokens: Tokens) => (tokens as Tokens & { id_token?: string }).id_token

/** All that may be issued or told after `app` has lost orders:write. */
async function nothingIsLeft (t: Test, app: FastifyInstance, { visitor, shop, code, own, personal, guard }: Granted): Promise<void> {
  const told = async (text: string, basic = guard.basic) => (await introspect(app, text, basic)).scope
  t.equal(await told(code.access_token), LEFT, 'an access token of before, introspected')
  t.equal(await told(personal.access_token), 'orders:read', 'a personal access token, introspected')
  t.equal(await told(code.refresh_token, shop.basic), LEFT, 'a refresh token, introspected')

  const refreshed = (await token(app, { grant_type: 'refresh_token', refresh_token: code.refresh_token }, shop.basic)).json<Tokens>()
  t.match([refreshed.scope, claimsOf(refreshed.access_token)['scope']], [LEFT, LEFT], 'a refresh')
  t.ok(idToken(refreshed))
  const narrow = async (scope: string) => (
    await token(app, { grant_type: 'refresh_token', refresh_token: refreshed.refresh_token, scope }, shop.basic)
  ).json<Tokens & { error: string }>()
  t.equal((await narrow('orders:write orders:read')).scope, 'orders:read', 'one of two that it asks for')
  t.equal((await narrow('orders:write')).error, 'invalid_scope', 'and nothing else')
  const proxied = (await refresh(app, own.refresh_token)).json<Tokens>()
  t.equal(proxied.scope, LEFT, 'a refresh by the proxy')

  // Not one that was narrowed for somebody: it still stands for its user
  const sessions = await call(app, 'GET', 'tokens', proxied.access_token)
  t.equal(sessions.statusCode, 200)
  t.same(sessions.json<{ scopes: string[] }[]>().filter(({ scopes }) => scopes.includes('orders:write')), [], 'the list of sessions')
  t.same(
    (await call(app, 'GET', 'personal-access-tokens', proxied.access_token)).json<MadeToken['token'][]>().map(({ scopes }) => scopes),
    [['orders:read']],
    'the list of tokens'
  )
  const account = (await visitor.get('/account')).body
  t.match(account, 'See your orders')
  t.notMatch(account, /orders:write|Rewrite all orders/, 'the account page')
}

/** The same browser at another process. */
function at (app: FastifyInstance, visitor: Visitor): Visitor {
  const cookie = [...visitor.cookies].map((pair) => pair.join('=')).join('; ')
  return { ...visitor, get: async (url) => await app.inject({ url, headers: { accept: 'text/html', cookie } }) }
}

t.test('a scope that is removed from SCOPES is neither issued nor reported', async (t) => {
  const databaseUrl = await createDatabase(t)
  const { app: before } = await build(t, { databaseUrl, scopes: BOTH })
  const all = await granted(before)
  const { app } = await build(t, { databaseUrl, scopes: ONE })
  await nothingIsLeft(t, app, { ...all, visitor: at(app, all.visitor) })
  await before.close()
  const { app: again } = await build(t, { databaseUrl, scopes: BOTH })
  t.equal(
    (await introspect(again, all.personal.access_token, all.guard.basic)).scope,
    'orders:read orders:write',
    'and one that comes back is there again'
  )
})

t.test("a scope that is removed from the client's list is neither issued nor reported", async (t) => {
  const databaseUrl = await createDatabase(t)
  const { app: before } = await build(t, { databaseUrl, scopes: BOTH })
  const all = await granted(before)
  await sql(before, "UPDATE clients SET scopes = '{openid,email,orders:read}'")
  const { app } = await build(t, { databaseUrl, scopes: BOTH })
  // The form of the page offers what its own client may have
  await nothingIsLeft(t, app, { ...all, visitor: at(app, all.visitor) })
})

t.test('userinfo and the profile return only claims of scopes that the client still may have', async (t) => {
  const databaseUrl = await createDatabase(t)
  const { app: before } = await build(t, { databaseUrl, scopes: BOTH })
  const { code } = await granted(before)
  await sql(before, "UPDATE clients SET scopes = '{openid}'")
  const { app } = await build(t, { databaseUrl })
  const claims = (await app.inject({ url: '/v1/oauth/userinfo', headers: { authorization: `Bearer ${code.access_token}` } })).json<object>()
  t.same(Object.keys(claims), ['sub'])
  const profile = (
    await app.inject({ url: '/v1/profile', headers: { authorization: `Bearer ${code.access_token}` } })
  ).json<{ email?: string }>()
  t.equal(profile.email, undefined)
})

t.test('a refresh issues no id token once the client may no longer have openid', async (t) => {
  const databaseUrl = await createDatabase(t)
  const { app: before } = await build(t, { databaseUrl, scopes: BOTH })
  const { code, shop } = await granted(before)
  await sql(before, "UPDATE clients SET scopes = '{orders:read}'")
  const { app } = await build(t, { databaseUrl, scopes: BOTH })
  const refreshed = (await token(app, { grant_type: 'refresh_token', refresh_token: code.refresh_token }, shop.basic)).json<Tokens>()
  t.equal(refreshed.scope, 'orders:read')
  t.equal(idToken(refreshed), undefined)
})

t.test('a session with the scope * gets only the scopes that the client still may have', async (t) => {
  const { app } = await build(t, { scopes: BOTH })
  await signedIn(app)
  const { id, basic } = await makeClient(app, { scopes: ['*'] })
  const { refresh_token: first, scope } = await passwordGrant(app, basic, '*')
  t.equal(scope, '*')
  await sql(app, "UPDATE clients SET scopes = '{orders:read}' WHERE id = $1", [id])
  internals(app).clients.forget(id)
  await Promise.resolve()
  const next = (await token(app, { grant_type: 'refresh_token', refresh_token: first }, basic)).json<Tokens>()
  t.equal(next.scope, 'orders:read')
  t.equal(
    (await call(app, 'GET', 'tokens', next.access_token)).statusCode,
    200,
    'which is all that the session has: it stands for its user'
  )
})

t.test('a pending code or device gets the remaining scopes, and the device page shows only those', async (t) => {
  const { app } = await build(t, { scopes: BOTH })
  const user = await decider(app)
  const { id } = await makeTv(app, { scopes: ['orders:read', 'orders:write'] })
  const waiting = await asked(app, { client_id: id, scope: 'orders:read orders:write' })
  await sql(app, "UPDATE clients SET scopes = '{orders:read}' WHERE id = $1", [id])
  internals(app).clients.forget(id)
  await Promise.resolve()
  const entry = { userCode: waiting.user_code, user, caller: CALLER }
  t.match(await internals(app).oauth.device.find(entry), { scopes: ['orders:read'] })
  await internals(app).oauth.device.decide(entry, 'allowed')
  t.equal((await poll(app, id, waiting.device_code)).json<Tokens>().scope, 'orders:read')
})
