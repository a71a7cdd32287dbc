import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { latchkey } from '../../src/index.ts'
import { actingAs, actingAsClient } from '../../src/testing.ts'
import { createDatabase, FAST, logout, register } from '../helper.ts'

async function host (t: Test) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), scopes: { 'orders:read': 'See your orders' } })
  app.get('/orders', { onRequest: app.authGuard('api', { scopes: ['orders:read'] }) }, async ({ auth }) => ({ kind: auth!.kind, user: auth!.userId }))
  app.get('/reports', { onRequest: app.authGuard('client', { scopes: ['reports'] }) }, async ({ auth }) => ({ kind: auth!.kind }))
  await app.ready()
  return { app, id: (await register(app)).json<{ id: string }>().id }
}

t.test('a test acts as a user with some scopes, by a token that counts like any other', async (t) => {
  const { app, id } = await host(t)
  const headers = await actingAs(app, id, ['orders:read'])
  t.same((await app.inject({ url: '/orders', headers })).json(), { kind: 'session', user: id })
  t.equal((await app.inject({ url: '/orders', headers: await actingAs(app, id) })).statusCode, 403)
  t.equal((await app.inject({ url: '/reports', headers })).statusCode, 401)
  await logout(app, headers.authorization.slice('Bearer '.length))
  t.equal((await app.inject({ url: '/orders', headers })).statusCode, 401)
  t.equal((await app.inject({ url: '/orders', headers: await actingAs(app, id, ['*']) })).statusCode, 200, 'another session goes on')
  await t.rejects(actingAs(app, '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'), TypeError)
  await app.latchkey.store.users.setDisabled(id, true)
  await t.rejects(actingAs(app, id), { message: /no user .* who may log in/ })
})

t.test('a test acts as a client', async (t) => {
  const { app } = await host(t)
  t.same((await app.inject({ url: '/reports', headers: await actingAsClient(app, ['reports']) })).json(), { kind: 'client' })
  t.equal((await app.inject({ url: '/reports', headers: await actingAsClient(app) })).statusCode, 403)
  t.equal((await app.inject({ url: '/orders', headers: await actingAsClient(app, ['orders:read']) })).statusCode, 401)
})
