import t from 'tap'
import { audit } from '../../src/cli/audit.ts'
import { createClient } from '../../src/cli/client.ts'
import { revokeClient, rotateSecret, showClient, updateClient } from '../../src/cli/clients.ts'
import { listTokens, revokeTokens } from '../../src/cli/tokens.ts'
import type { ClientUpdate } from '../../src/cli/changed-client.ts'
import type { ClientArgs } from '../../src/cli/new-client.ts'
import { build, claimsOf, login, register } from '../support/start-server.ts'
import { authorize, loggedIn, makeApp, paramsOf } from '../support/visitor.ts'
import { contextFor, run, type TestContext } from './helper.ts'
import { internals } from '../../plugins/internals.ts'

const CODE = { name: 'App', redirectUri: ['https://app.example.com/cb'] }
const SCOPES = '{"orders:read":"See your orders","orders:write":"Change your orders"}'

async function make (context: TestContext, args: ClientArgs): Promise<string> {
  return ((await createClient(context, args)).json as { client_id: string }).client_id
}

t.test('an update changes what is named, and nothing else', async (t) => {
  const context = await contextFor(t, { SCOPES })
  const id = await make(context, { ...CODE, scope: ['orders:read'], postLogoutRedirectUri: ['https://app.example.com/out'] })
  const before = (await showClient(context, id)).json
  const { json, lines } = await updateClient(context, id, {
    name: ' Orders ',
    redirectUri: ['https://a.example/cb', 'https://b.example/cb', 'https://a.example/cb'],
    slug: 'orders',
    accessTokenTtl: 60,
    refreshGrace: 0,
    idTokenAlg: 'ES256',
    pkceOptional: true,
    trustedProxy: false
  })
  const changed = {
    name: 'Orders', redirect_uris: ['https://a.example/cb', 'https://b.example/cb'], slug: 'orders', access_token_ttl: 60,
    refresh_grace: 0, id_token_signed_response_alg: 'ES256', pkce_optional: true
  }
  t.same(json, { ...before, ...changed })
  t.same((await showClient(context, id)).json, json)
  t.equal(lines[0], 'Client updated successfully.')

  const back = await updateClient(context, id, {
    slug: false, postLogoutRedirectUri: false, accessTokenTtl: 'default',
    refreshGrace: 'default', pkceOptional: false, scope: ['*'], defaultScope: ['orders:write'], skipConsent: true
  })
  t.match(back.json, {
    slug: null, post_logout_redirect_uris: [], access_token_ttl: null, refresh_grace: null, pkce_optional: false,
    scopes: ['*'], default_scopes: ['orders:write'], skip_consent: true, first_party: true, name: 'Orders'
  })
  t.match((await updateClient(context, id, { defaultScope: false, skipConsent: false, firstParty: false })).json, {
    default_scopes: [], skip_consent: false, first_party: false
  })
  t.match((await audit(context, { client: id, type: 'client.changed' })).json, {
    events: [{}, {}, { detail: { by: 'command line', fields: /name/ } }]
  })
})

t.test('a client is found by its id or its slug', async (t) => {
  const context = await contextFor(t)
  const id = await make(context, { ...CODE, slug: 'orders' })
  t.match((await updateClient(context, 'orders', { name: 'Shop' })).json, { client_id: id, name: 'Shop' })
  t.match((await showClient(context, 'orders')).json, { client_id: id, slug: 'orders', name: 'Shop' })
  t.match((await rotateSecret(context, 'orders', {})).json, { client_id: id })
  t.match((await listTokens(context, { client: 'orders' })).json, { sessions: [] })
  t.match((await revokeTokens(context, { client: 'orders' })).json, { client_id: id, sessions: 0 })
  t.same(
    ((await audit(context, { client: 'orders' })).json as { events: object[] }).events,
    ((await audit(context, { client: id })).json as { events: object[] }).events
  )
  t.match((await revokeClient(context, 'orders')).json, { client_id: id, revoked: true })
  await t.rejects(showClient(context, 'orders'), /There is no client orders/, 'which is free again')
  t.match((await audit(context, { client: id, type: 'client.revoked' })).json, { events: [{ client_id: id }] })
})

t.test('--introspect and --resource-server can be set and removed', async (t) => {
  const context = await contextFor(t, { SCOPES, RESOURCE_SERVERS: 'https://api.example.com' })
  const id = await make(context, { client: true })
  const rights = async (update: ClientUpdate) => {
    const { introspects, resource_servers: servers } = (await updateClient(context, id, update)).json as {
      introspects: boolean,
      resource_servers: string[]
    }
    return [introspects, servers]
  }
  t.same(await rights({ introspect: true }), [true, []])
  t.same(await rights({ introspect: false, resourceServer: ['https://api.example.com'] }), [false, ['https://api.example.com']])
  t.same(await rights({ resourceServer: false }), [false, []])
})

t.test('a client with a proxy has addresses that its users come back to', async (t) => {
  const context = await contextFor(t, { SCOPES })
  const [shop, desk] = [['https://shop.example.com/'], ['https://desk.example.com/?tab=1']]
  const redirects = async (id: string) => (await showClient(context, id)).json
  const id = await make(context, { password: true, slug: 'shop', proxy: true, redirectUri: shop })
  t.match(await redirects(id), { redirect_uris: shop })
  await updateClient(context, id, { redirectUri: desk })
  t.match(await redirects(id), { redirect_uris: desk })
  const plain = await make(context, { password: true, slug: 'desk' })
  await updateClient(context, plain, { proxy: true, redirectUri: shop })
  t.match(await redirects(plain), { redirect_uris: shop })
})

/** The kind of client, what is asked of it, what the error says. */
const REFUSED: [rule: string, made: ClientArgs, update: ClientUpdate, message: RegExp][] = [
  ['nothing', CODE, {}, /nothing to change/],
  ['an empty name', CODE, { name: ' ' }, /--name is empty/],
  ['a redirect without TLS', CODE, { redirectUri: ['http://app.example.com/cb'] },
    /--redirect-uri http:\/\/app\.example\.com\/cb is http on another host/],
  ['a redirect for machines', { client: true }, { redirectUri: ['https://app.example.com/cb'] },
    /--redirect-uri does not go with a client for client/],
  ['a redirect for a login without a proxy', { password: true }, { redirectUri: ['https://app.example.com/'] }, /for password without --proxy/],
  ['a slug that is none', CODE, { slug: 'A B' }, /--slug must be/],
  ['a proxy without a slug', { password: true }, { proxy: true }, /--proxy needs/],
  ['a proxy for codes', { ...CODE, slug: 'app' }, { proxy: true }, /--proxy needs --password/],
  ['no slug where there is a proxy', { password: true, slug: 'desk', proxy: true }, { slug: false }, /--proxy needs/],
  ['an unknown scope', CODE, { scope: ['orders:burn'] }, /unknown scope orders:burn/],
  ['a default beyond the list', CODE, { scope: ['orders:read'], defaultScope: ['orders:write'] },
    /--default-scope orders:write is not among --scope/],
  ['a list without the default', { ...CODE, scope: ['orders:read'], defaultScope: ['orders:read'] }, { scope: ['orders:write'] },
    /--default-scope orders:read is not among --scope/],
  ['the feed for an application', CODE, { scope: ['revocations:read'] }, /is for --client only/],
  ['no PKCE for public clients', { ...CODE, public: true }, { pkceOptional: true }, /needs a client with a secret/],
  ['introspection without a secret', { ...CODE, public: true }, { introspect: true }, /--introspect needs a client with a secret/],
  ['a resource server that is none', { client: true }, { resourceServer: ['https://api.example.com'] }, /RESOURCE_SERVERS; it is empty/],
  ['an algorithm that is none', CODE, { idTokenAlg: 'none' }, /must be RS256 or ES256/],
  ['a life of nothing', CODE, { accessTokenTtl: 0 }, /--access-token-ttl must be 1 to/],
  ['the password grant for a third party', { password: true }, { firstParty: false }, /--no-first-party does not go with/],
  ['no consent for a third party', { ...CODE, skipConsent: true }, { firstParty: false }, /--no-first-party needs --no-skip-consent/]
]

t.test('an update refuses what creating a client refuses', async (t) => {
  const context = await contextFor(t, { SCOPES })
  for (const [rule, made, update, message] of REFUSED) {
    const id = await make(context, made)
    const before = await showClient(context, id)
    await t.rejects(updateClient(context, id, update), { message }, `refuses ${rule}`)
    t.same(await showClient(context, id), before, 'and changes nothing')
  }
})

t.test('an update refuses a slug in use, an unknown client and a revoked one', async (t) => {
  const context = await contextFor(t)
  const id = await make(context, CODE)
  await t.rejects(updateClient(context, id, { slug: 'web' }), {
    message: 'The slug web belongs to another client; `npx latchkey clients` lists them'
  })
  await t.rejects(updateClient(context, 'lk_client_none', { name: 'x' }), { message: /^There is no client lk_client_none/ })
  await context.withCore(({ store }) => store.clients.revoke(id))
  await t.rejects(updateClient(context, id, { name: 'x' }), { message: /is revoked/ })
})

t.test("scopes that are no longer registered stay on a client's list", async (t) => {
  const context = await contextFor(t, { SCOPES })
  const id = await make(context, { ...CODE, scope: ['orders:read', 'orders:write'] })
  const later = await contextFor(t, { DATABASE_URL: context.config.databaseUrl })
  t.match((await updateClient(later, id, { defaultScope: ['orders:read'] })).json, {
    scopes: ['orders:read', 'orders:write'],
    default_scopes: ['orders:read']
  })
})

t.test('running servers use the update, and a longer token lifetime is stored before such tokens are issued', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  await register(app)
  const { id } = await internals(app).clients.findBySlug('web') ?? {}
  await updateClient(context, id!, { refreshTokenInBody: false, accessTokenTtl: 7200 })
  internals(app).clients.forget(id!)
  const answer = (await login(app)).json<{ access_token: string, expires_in: number, refresh_token?: string }>()
  t.equal(answer.refresh_token, undefined)
  t.equal(answer.expires_in, 7200)
  t.equal(claimsOf(answer.access_token)['client_id'], id)
  const { rows: [longest] } = await internals(app).database.pool.query("SELECT value FROM settings WHERE name = 'longest_access_token_ttl'")
  t.same(longest, { value: 7200 })
  await updateClient(context, id!, { proxy: false })
  internals(app).clients.forget(id!)
  t.equal((await login(app)).statusCode, 404)
})

t.test("changing the name or redirect URI of a user's client deletes its consents", async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const visitor = await loggedIn(app)
  const consents = async () => (await internals(app).database.pool.query('SELECT FROM consents')).rowCount
  const cases: [owner: { ownerId?: string }, update: ClientUpdate, left: number][] = [
    [{ ownerId: visitor.userId }, { name: 'Other' }, 0],
    [{ ownerId: visitor.userId }, { redirectUri: ['https://other.example/cb'] }, 0],
    [{ ownerId: visitor.userId }, { accessTokenTtl: 60 }, 1],
    [{}, { name: 'Other' }, 1]
  ]
  for (const [owner, update, left] of cases) {
    await internals(app).database.pool.query('DELETE FROM consents')
    const { id } = await makeApp(app, owner)
    t.ok(paramsOf(await authorize(visitor, id))['code'])
    t.equal(await consents(), 1)
    await updateClient(context, id, update)
    t.equal(await consents(), left, `${owner.ownerId ? 'of a user' : 'of the operator'}: ${Object.keys(update).join()}`)
  }
})

t.test('the command prints what changed', async (t) => {
  const context = await contextFor(t)
  const id = await make(context, CODE)
  const options = { cwd: t.testdir({}), env: { DATABASE_URL: context.config.databaseUrl!, APP_KEY: context.config.appKey! } }
  const { code, stdout, stderr } = await run([
    'clients', 'update', id, '--name', 'Renamed', '--redirect-uri', 'https://a.example/cb', 'https://b.example/cb',
    '--no-refresh-token-in-body', '--refresh-grace', '5', '--json'
  ], options)
  t.equal(code, 0, stderr)
  t.match(JSON.parse(stdout), {
    client_id: id, name: 'Renamed', redirect_uris: ['https://a.example/cb', 'https://b.example/cb'],
    refresh_token_in_body: false, refresh_grace: 5
  })
  t.match(JSON.parse((await run(['clients', 'update', id, '--refresh-grace', 'default', '--no-slug', '--json'], options)).stdout), {
    refresh_grace: null,
    refresh_token_in_body: false,
    name: 'Renamed'
  })
  t.match(await run(['clients', 'update', id], options), { code: 1, stdout: '', stderr: /^error: nothing to change/ })
  t.match(await run(['clients', 'update', id, '--access-token-ttl', 'soon'], options), { code: 1, stderr: /number of seconds/ })
})
