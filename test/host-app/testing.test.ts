import Fastify from 'fastify'
import pg from 'pg'
import t, { type Test } from 'tap'
import { latchkey } from '../../src/index.ts'
import { embeddedUrl } from '../../src/database/embedded.ts'
import { actingAs, actingAsClient, actingInBrowser, createUser, testDatabase } from '../../src/testing.ts'
import { createDatabase, FAST, logout, register } from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

async function host (t: Test) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), scopes: { 'orders:read': 'See your orders' } })
  app.get(
    '/orders',
    { onRequest: app.authGuard('api', { scopes: ['orders:read'] }) },
    async ({ auth }) => ({ kind: auth.kind, user: auth.userId })
  )
  app.get('/reports', { onRequest: app.authGuard('client', { scopes: ['reports'] }) }, async ({ auth }) => ({ kind: auth.kind }))
  await app.ready()
  return { app, id: (await register(app)).json<{ id: string }>().id }
}

t.test('actingAs gives the headers of a user with scopes, by a token that can be revoked like any other', async (t) => {
  const { app, id } = await host(t)
  const headers = await actingAs(app, id, ['orders:read'])
  t.same((await app.inject({ url: '/orders', headers })).json(), { kind: 'session', user: id })
  t.equal((await app.inject({ url: '/orders', headers: await actingAs(app, id) })).statusCode, 403)
  t.equal((await app.inject({ url: '/reports', headers })).statusCode, 401)
  await logout(app, headers.authorization.slice('Bearer '.length))
  t.equal((await app.inject({ url: '/orders', headers })).statusCode, 401)
  t.equal((await app.inject({ url: '/orders', headers: await actingAs(app, id, ['*']) })).statusCode, 200, 'another session goes on')
  await t.rejects(actingAs(app, '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'), TypeError)
  await internals(app).store.users.setDisabled(id, true)
  await t.rejects(actingAs(app, id), { message: /no user .* who may log in/ })
})

t.test('actingAsClient gives the headers of a client', async (t) => {
  const { app } = await host(t)
  t.same((await app.inject({ url: '/reports', headers: await actingAsClient(app, ['reports']) })).json(), { kind: 'client' })
  t.equal((await app.inject({ url: '/reports', headers: await actingAsClient(app) })).statusCode, 403)
  t.equal((await app.inject({ url: '/orders', headers: await actingAsClient(app, ['orders:read']) })).statusCode, 401)
})

t.test('testDatabase gives each test its own database without limits, and leaves nothing behind', async (t) => {
  const dataDir = t.testdir()
  const [one, other] = await Promise.all([testDatabase({ dataDir }), testDatabase({ dataDir })])
  const app = Fastify({ pluginTimeout: 60_000 })
  await app.register(latchkey, { ...one.options, registration: 'off' })
  const tries = await Promise.all(Array.from({ length: 40 }, (_, index) => createUser(app, { email: `user${index}@example.com` })))
  t.equal(new Set(tries.map(({ id }) => id)).size, 40)
  const logins = await Promise.all(
    tries.map(({ password }, index) =>
      app.inject({ method: 'POST', url: '/v1/clients/web/login', payload: { email: `user${index}@example.com`, password } })
    )
  )
  t.same(new Set(logins.map(({ statusCode }) => statusCode)), new Set([200]))
  await t.rejects(createUser(app, { email: 'user1@example.com' }), { name: 'TypeError', message: 'The email has already been taken' })
  await t.rejects(createUser(app, { email: 'nobody', password: 'short' }), { message: /email .*password/ })
  await app.close()
  await one.drop()
  const client = new pg.Client(other.options.databaseUrl)
  await client.connect()
  const { rows } = await client.query("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'")
  t.equal(rows.length, 1, 'the other goes on')
  t.same((await client.query('SELECT FROM pg_tables WHERE schemaname = $1', ['public'])).rows, [])
  await client.end()
  await other.drop()
  t.equal(await embeddedUrl(dataDir), null, 'nothing runs on')
})

t.test('actingInBrowser gives the cookie of a browser session', async (t) => {
  const { app, id } = await host(t)
  const headers = await actingInBrowser(app, id)
  t.match(await app.inject({ url: '/account', headers }), { statusCode: 200, body: /ada@example\.com/ })
  const { cookie, ...none } = headers
  t.equal((await app.inject({ url: '/account', headers: none })).statusCode, 401)
  await t.rejects(actingInBrowser(app, '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'), { message: /no user .* who may log in/ })
})
