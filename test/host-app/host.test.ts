import cookie from '@fastify/cookie'
import jwt from '@fastify/jwt'
import sensible from '@fastify/sensible'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { authGuard, clientProxy, latchkey, oauth } from '../../src/index.ts'
import { createDatabase, FAST, login, PASSWORD, type Tokens } from '../support/start-server.ts'

/** A host with everything that could collide. */
async function createHost (): Promise<FastifyInstance> {
  const host = Fastify()
  host.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 418).send({ host: error.message })
  )
  host.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, { raw: body }))
  await host.register(cookie, { secret: 'of the host' })
  await host.register(jwt, { secret: 'of the host' })
  await host.register(sensible)
  await host.register(swagger)
  host.get('/health', async () => ({ host: 'healthy' }))
  host.get('/docs', async () => ({ host: 'docs' }))
  host.get('/broken', async () => { throw new Error('of the host') })
  host.post('/echo', async ({ body }) => body)
  host.post('/number', { schema: { body: { type: 'object', properties: { raw: { type: 'integer' } } } } }, async ({ body }) => body)
  host.get(
    '/cookie',
    async (_request, reply) =>
      reply.setCookie('mine', 'x', { signed: true }).send({ token: host.jwt.sign({ a: 1 }, { noTimestamp: true }) })
  )
  return host
}

async function answersOf (host: FastifyInstance): Promise<object[]> {
  const json = { 'content-type': 'application/json' }
  const responses = [
    await host.inject('/health'),
    await host.inject('/docs'),
    await host.inject('/broken'),
    await host.inject('/nowhere'),
    await host.inject('/cookie'),
    await host.inject({ method: 'POST', url: '/echo', headers: json, payload: '{"a":1,"a":2}' }),
    await host.inject({ method: 'POST', url: '/number', headers: json, payload: '12' }),
    await host.inject({ method: 'POST', url: '/echo', headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'a=1' })
  ]
  return responses.map(({ statusCode, body, headers }) => ({ statusCode, body, headers: { ...headers, date: undefined } }))
}

for (const prefix of ['/auth', '']) {
  t.test(`with prefix "${prefix}" a host keeps its own hooks, parsers, error handler and schemas`, async (t) => {
    const plain = await createHost()
    const before = await answersOf(plain)
    await plain.close()
    const host = await createHost()
    t.teardown(() => host.close())
    await host.register(latchkey, { ...FAST, prefix, databaseUrl: await createDatabase(t) })
    host.get('/orders', { onRequest: host.authGuard('api') }, async ({ auth }) => ({ user: auth.userId, name: (await auth.user())!.name }))
    await host.ready()
    t.same(await answersOf(host), before)

    const registered = await host.inject({
      method: 'POST', url: `${prefix}/v1/register`, payload: { email: 'ada@example.com', password: PASSWORD, name: 'Ada' }
    })
    t.equal(registered.statusCode, 201, registered.body)
    const loggedIn = await host.inject({
      method: 'POST', url: `${prefix}/v1/clients/web/login`, payload: { email: 'ada@example.com', password: PASSWORD }
    })
    t.match(loggedIn.headers['set-cookie'], new RegExp(`Path=${prefix}/v1/clients/web`))
    const authorization = `Bearer ${loggedIn.json<Tokens>().access_token}`
    t.same((await host.inject({ url: '/orders', headers: { authorization } })).json(), {
      user: registered.json<{ id: string }>().id,
      name: 'Ada'
    })
    t.match((await host.inject('/orders')).json(), { host: /access token/ }, "the host's handler answers for the host's routes")
    t.match((await host.inject({ method: 'POST', url: `${prefix}/v1/register`, payload: {} })).json(), {
      statusCode: 422,
      code: 'LK_VALIDATION'
    }, 'ours for ours')
  })
}

t.test('the parts can be registered one by one', async (t) => {
  const databaseUrl = await createDatabase(t)
  const options = { ...FAST, databaseUrl }
  const full = Fastify()
  await full.register(latchkey, options)
  await full.inject({ method: 'POST', url: '/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  const { access_token: text } = (await login(full)).json<Tokens>()
  await full.close()

  const proxy = Fastify()
  t.teardown(() => proxy.close())
  await proxy.register(clientProxy, options)
  t.equal((await login(proxy)).statusCode, 200)
  t.equal((await proxy.inject({ method: 'POST', url: '/v1/oauth/token' })).statusCode, 404)

  const guard = Fastify()
  t.teardown(() => guard.close())
  await guard.register(authGuard, options)
  guard.get('/me', { onRequest: guard.authGuard('api') }, async ({ auth }) => ({ user: auth.userId }))
  t.equal((await guard.inject({ url: '/me', headers: { authorization: `Bearer ${text}` } })).statusCode, 200)
  t.equal((await guard.inject('/me')).statusCode, 401)

  const server = Fastify()
  t.teardown(() => server.close())
  await server.register(oauth, options)
  t.match((await server.inject({ method: 'POST', url: '/v1/oauth/token', payload: {} })).json(), { error: 'invalid_request' })
  t.equal((await server.inject('/.well-known/jwks.json')).statusCode, 200)
})
