import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { call } from '../../support/machines.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { createDatabase, eventually, register, signedIn, type MadeClient } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { authorize, authorizeUrl, CALLBACK, formOf, loggedIn, makeApp, paramsOf, type Visitor } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const API = 'https://api.example.com'
const FILES = 'https://files.example.com/'
const options = { resourceServers: [API, FILES], scopes: { a: 'See all of A', b: 'See all of B' } }
const CODE = { code: /^lk_ac_/ }
const ASK = { error: 'consent_required' }

/** Without a word to the user. */
async function silently (visitor: Visitor, client: string, params: Record<string, string>, resources: string[] = []) {
  const more = resources.map((resource) => `&resource=${encodeURIComponent(resource)}`).join('')
  const answer = await visitor.get(authorizeUrl(client, { prompt: 'none', ...params }) + more)
  if (answer.statusCode === 303) return paramsOf(answer)
  // An error of a client that a user registered is offered, not followed (RFC 9700 section 4.11.2)
  return formOf(answer).hidden
}

async function allow (visitor: Visitor, client: string, params: Record<string, string>): Promise<void> {
  const answer = await authorize(visitor, client, params)
  if (!paramsOf(answer)['code']) throw new Error(answer.body)
}

const ownedBy = async (app: FastifyInstance, client: MadeClient, userId: string) => {
  await sql(app, 'UPDATE clients SET owner_id = $2 WHERE id = $1', [client.id, userId])
  internals(app).clients.forget(client.id)
}

t.test('RFC 9700 section 4.14.2: a consent is valid only for the resources that it was given for', async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  await allow(visitor, client.id, { scope: 'a' })
  t.match(await silently(visitor, client.id, { scope: 'a' }), CODE)
  t.match(await silently(visitor, client.id, { scope: 'a' }, ['http://localhost:3000/']), CODE, 'this server by its name')
  t.match(await silently(visitor, client.id, { scope: 'a' }, [API]), ASK)
  await allow(visitor, client.id, { scope: 'b', resource: API })
  t.match(await silently(visitor, client.id, { scope: 'b' }, [`${API}/`]), CODE, 'in any spelling')
  for (const [scope, resources] of [['b', []], ['a', [API]], ['a b', [API]], ['b', [FILES]], ['b', [API, FILES]]] as const) {
    t.match(await silently(visitor, client.id, { scope }, [...resources]), ASK, `${scope} at ${resources.join(' and ')}`)
  }
  await allow(visitor, client.id, { scope: 'b', resource: FILES })
  t.match(await silently(visitor, client.id, { scope: 'b' }, [API, FILES]), CODE, 'each of them was allowed it')
  t.match(await silently(visitor, client.id, { scope: 'a' }), CODE, 'what was allowed before goes on')
})

t.test('a consent without scopes is stored, for its resource only', async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  await allow(visitor, client.id, { scope: '', resource: API })
  t.match(await silently(visitor, client.id, { scope: '' }, [API]), CODE)
  t.match(await silently(visitor, client.id, { scope: '' }), ASK)
  t.match(await silently(visitor, client.id, { scope: '' }, [FILES]), ASK)
})

t.test('RFC 9700 section 4.14.2: the consent page names the resources, and the account page the scopes allowed at them', async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  await allow(visitor, client.id, { scope: 'a' })
  const page = await visitor.get(`${authorizeUrl(client.id, { scope: 'a b', resource: API })}&resource=${encodeURIComponent(FILES)}`)
  for (const word of [API, FILES, 'See all of A', 'See all of B']) t.match(page.body, new RegExp(`>${word}<`), word)
  t.notMatch((await visitor.get(authorizeUrl(client.id, { scope: 'b' }))).body, /api\.example\.com/)
  await allow(visitor, client.id, { scope: 'b', resource: API })
  t.match((await visitor.get('/account')).body, /See all of A · See all of B/)
})

t.test('concurrent consents for several scopes and resources are all stored', async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const asked = ['a', 'b'].flatMap((scope) => ['', API, FILES].map((resource) => ({ scope, resource })))
  const pages = await Promise.all(asked.map((params) => visitor.get(authorizeUrl(client.id, params))))
  await Promise.all(pages.map((page) => visitor.submit(page, { decision: 'allow' })))
  for (const resources of [[], [API, FILES]]) {
    t.match(await silently(visitor, client.id, { scope: 'a b' }, resources), CODE, resources.join(' '))
  }
})

for (const [name, uri] of [
  ['a loopback address', 'http://127.0.0.1:5001/cb'],
  ['a loopback address of IPv6', 'http://[::1]:5001/cb'],
  ['a loopback name', 'http://localhost:5001/cb'],
  ['a loopback address by https', 'https://127.0.0.1:5001/cb'],
  ['a scheme of its own', 'com.example.app:/cb']
] as const) {
  t.test(`RFC 8252 section 8.6: a public client with ${name} as its redirect URI asks for consent each time`, async (t) => {
    const { app } = await build(t, options)
    const visitor = await loggedIn(app)
    const native = await makeApp(app, { authMethod: 'none', redirectUris: [uri] })
    const params = { redirect_uri: uri, scope: 'openid a' }
    for (const time of ['first', 'second']) {
      const page = await visitor.get(authorizeUrl(native.id, params))
      t.equal(page.statusCode, 200, `the ${time} time`)
      t.match(page.body, 'See all of A', `the ${time} time: all of it`)
      t.match(paramsOf(await visitor.submit(page, { decision: 'allow' })), CODE)
    }
    t.match(await silently(visitor, native.id, params), ASK)
    for (const [whose, values] of [
      ['with a secret', {}],
      ['that skips consent on the word of the operator', { authMethod: 'none', firstParty: true, skipsConsent: true }]
    ] as const) {
      const other = await makeApp(app, { redirectUris: [uri], ...values })
      if (whose === 'with a secret') await allow(visitor, other.id, params)
      t.match(await silently(visitor, other.id, params), CODE, whose)
    }
    const stranger = await makeApp(app, { authMethod: 'none', skipsConsent: true, redirectUris: [uri] })
    t.match(await silently(visitor, stranger.id, params), ASK, 'a third party has no word of the operator')
  })
}

t.test('a public client with an https redirect URI asks for consent once', async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const spa = await makeApp(app, { authMethod: 'none' })
  await allow(visitor, spa.id, { scope: 'a' })
  t.match(await silently(visitor, spa.id, { scope: 'a' }), CODE)
})

t.test("changing the name or redirect URI of a user's client deletes its consents, by route and by command", async (t) => {
  const { app } = await build(t, options)
  const { access_token: bearer } = await signedIn(app, { email: 'owner@example.com' })
  const visitor = await loggedIn(app)
  const { client_id: id } = (
    await call(app, 'POST', 'clients', bearer, { name: 'Northwind', redirect_uris: [CALLBACK] })
  ).json<{ client_id: string }>()
  const { clients } = internals(app).store
  const put = (body: object) => call(app, 'PUT', `clients/${id}`, bearer, body)
  const changes: [string, boolean, () => Promise<unknown>][] = [
    ['nothing', true, () => put({ name: 'Northwind', redirect_uris: [CALLBACK] })],
    ['another name', false, () => put({ name: 'Northwind Mail', redirect_uris: [CALLBACK] })],
    ['another redirect URI', false, () => put({ name: 'Northwind Mail', redirect_uris: [CALLBACK, 'https://evil.example/cb'] })],
    ['the same in another order', true, () => put({ name: 'Northwind Mail', redirect_uris: ['https://evil.example/cb', CALLBACK] })],
    ['one less', false, () => put({ name: 'Northwind Mail', redirect_uris: [CALLBACK] })],
    ['a name that is refused', true, () => put({ name: '', redirect_uris: [CALLBACK] })],
    ['another name, by command', false, () => clients.change(id, () => ({ name: 'Southwind' }))],
    ['another redirect URI, by command', false,
      () => clients.change(id, () => ({ redirectUris: [CALLBACK, 'https://app.example.com/other'] }))],
    ['the same, by command', true,
      () => clients.change(id, () => ({ name: 'Southwind', redirectUris: [CALLBACK, 'https://app.example.com/other'] }))],
    ['something else, by command', true, () => clients.change(id, () => ({ accessTokenTtl: 60 }))]
  ]
  for (const [name, stays, change] of changes) {
    await allow(visitor, id, { scope: 'a' })
    await allow(visitor, id, { scope: 'b', resource: API })
    await change()
    internals(app).clients.forget(id)
    t.match(await silently(visitor, id, { scope: 'a' }), stays ? CODE : ASK, name)
    t.match(await silently(visitor, id, { scope: 'b' }, [API]), stays ? CODE : ASK, `${name}, at another server`)
  }
})

t.test("changing the name of an operator's client keeps its consents", async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  await allow(visitor, client.id, { scope: 'a' })
  await internals(app).store.clients.change(client.id, () => ({ name: 'Renamed' }))
  internals(app).clients.forget(client.id)
  t.match(await silently(visitor, client.id, { scope: 'a' }), CODE)
})

t.test('a consent is refused when the client was renamed after the page was shown, and the page is shown again', async (t) => {
  const databaseUrl = await createDatabase(t)
  const { app } = await build(t, { ...options, databaseUrl })
  const { app: other } = await build(t, { ...options, databaseUrl })
  const owner = (await register(app, { email: 'owner@example.com' })).json<{ id: string }>().id
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  await ownedBy(app, client, owner)

  const page = await visitor.get(authorizeUrl(client.id, { scope: 'a' }))
  t.match(page.body, 'Acme Reports')
  await internals(other).store.clients.update(client.id, owner, { name: 'Your Bank', redirectUris: [CALLBACK] })
  const stale = await visitor.submit(page, { decision: 'allow' })
  t.match(stale.headers.location, /^\/v1\/oauth\/authorize/, 'this process still remembers the old name')
  t.same(await sql(app, 'SELECT 1 FROM consents'), [])
  internals(app).clients.forget(client.id)
  const again = await visitor.follow(await visitor.submit(page, { decision: 'allow' }))
  t.match(again.body, 'Your Bank')
  t.match(paramsOf(await visitor.submit(again, { decision: 'allow' })), CODE)
  for (const missing of ['shown_as', 'shown_to']) {
    t.match(
      (await visitor.submit(again, { decision: 'allow', [missing]: '' })).headers.location,
      /^\/v1\/oauth\/authorize/,
      `${missing}: no code`
    )
  }
})

t.test("a consent that waits for a concurrent change of the client's name is not stored", async (t) => {
  const { app } = await build(t, options)
  const owner = (await register(app, { email: 'owner@example.com' })).json<{ id: string }>().id
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  await ownedBy(app, client, owner)
  const page = await visitor.get(authorizeUrl(client.id, { scope: 'a' }))
  // The change holds the row until it commits
  const held = await internals(app).database.pool.connect()
  await held.query('BEGIN')
  await held.query('UPDATE clients SET name = $2 WHERE id = $1', [client.id, 'Your Bank'])
  const submitted = visitor.submit(page, { decision: 'allow' })
  const waits = () =>
    sql(
      app,
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO%consents%' AND datname = current_database()"
    )
  t.ok(await eventually(async () => (await waits()).length === 1, 5000))
  await held.query('COMMIT')
  held.release()
  t.match((await submitted).headers.location, /^\/v1\/oauth\/authorize/)
  t.same(await sql(app, 'SELECT 1 FROM consents'), [])
})

t.test('RFC 8252 section 7.3: only clients without a secret may use any port of a loopback redirect URI', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const own = { firstParty: true, skipsConsent: true }
  const redirectUris = ['http://127.0.0.1:9401/cb', 'http://[::1]/cb']
  const site = await makeApp(app, { ...own, redirectUris })
  const native = await makeApp(app, { ...own, redirectUris, authMethod: 'none' })
  for (const [uri, exact] of [
    ['http://127.0.0.1:9401/cb', true],
    ['http://[::1]/cb', true],
    ['http://127.0.0.1:9402/cb', false],
    ['http://127.0.0.1/cb', false],
    ['http://[::1]:9401/cb', false]
  ] as const) {
    t.equal((await visitor.get(authorizeUrl(site.id, { redirect_uri: uri }))).statusCode, exact ? 303 : 400, `with a secret: ${uri}`)
    t.match(paramsOf(await visitor.get(authorizeUrl(native.id, { redirect_uri: uri }))), CODE, `without: ${uri}`)
  }
})
