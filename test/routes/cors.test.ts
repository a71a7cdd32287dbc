import cors from '@fastify/cors'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import latchkey from '../../plugins/latchkey.ts'
import { sharedServers } from '../support/shared-server.ts'
import { createDatabase, FAST, login, PASSWORD, register } from '../support/start-server.ts'

const build = sharedServers(t)

const APP = 'https://app.example.com'
const PATHS = [
  '/v1/clients/web/login', '/v1/clients/web/refresh', '/v1/clients/web/logout', '/v1/oauth/token', '/v1/register',
  '/v1/profile', '/v1/profile/password', '/v1/api/logout', '/.well-known/jwks.json'
]
const preflight = (app: FastifyInstance, url: string, origin = APP) =>
  app.inject({
    method: 'OPTIONS', url,
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type, authorization' }
  })

t.test('pages of an allowed origin may send requests with cookies and read the answers', async (t) => {
  const { app } = await build(t, { corsOrigins: [APP, 'https://other.example.com'] })
  await register(app)
  for (const path of PATHS) {
    const answer = await preflight(app, path)
    t.equal(answer.statusCode, 204, path)
    t.match(answer.headers, {
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': /POST.*PATCH/,
      'access-control-allow-headers': 'content-type, authorization',
      'access-control-max-age': '600',
      vary: /Origin/
    }, path)
  }
  const headers = { origin: APP }
  const answer = await app.inject({
    method: 'POST', url: '/v1/clients/web/login', payload: { email: 'ada@example.com', password: 'wrong' }, headers
  })
  t.match(answer.headers, {
    'access-control-allow-origin': APP, 'access-control-allow-credentials': 'true',
    'access-control-expose-headers': /Retry-After/
  }, 'a refusal can be read, too')
  t.notOk((await login(app)).headers['access-control-allow-origin'], 'nothing is said to who did not ask')
})

t.test('origins of web views are compared as text', async (t) => {
  const views = [
    'capacitor://localhost', 'ionic://localhost', 'tauri://localhost', 'http://localhost', 'https://localhost', 'app://.',
    'chrome-extension://abcdefghijklmnop'
  ]
  const { app } = await build(t, { corsOrigins: [...views, 'HTTPS://App.Example.com:443'] })
  await register(app)
  const send = (origin: string) =>
    app.inject({
      method: 'POST', url: '/v1/clients/mobile/login', payload: { email: 'ada@example.com', password: PASSWORD },
      headers: { origin, 'sec-fetch-site': 'cross-site' }
    })
  for (const origin of [...views, APP]) {
    const answer = await send(origin)
    t.match([answer.statusCode, answer.headers['access-control-allow-origin']], [200, origin])
    t.equal((await preflight(app, '/v1/clients/mobile/login', origin)).headers['access-control-allow-origin'], origin)
  }
  for (const origin of [
    'capacitor://evil', 'capacitor://localhost.evil', 'Capacitor://localhost', 'capacitor://localhost/', 'capacitor:',
    'null', 'file://', 'tauri://', 'https://localhost:3001'
  ]) {
    const answer = await send(origin)
    t.match([answer.statusCode, answer.headers['access-control-allow-origin']], [403, undefined], origin)
  }
})

t.test('discovery, keys and resource metadata allow every origin, without credentials', async (t) => {
  const { app } = await build(t, { corsOrigins: [APP] })
  for (const name of ['openid-configuration', 'oauth-authorization-server', 'oauth-protected-resource', 'jwks.json']) {
    for (const origin of [APP, 'https://other.example']) {
      const { headers } = await app.inject({ url: `/.well-known/${name}`, headers: { origin } })
      t.same([headers['access-control-allow-origin'], headers['access-control-allow-credentials']], ['*', undefined], name)
    }
  }
})

t.test('pages of other origins get no CORS headers', async (t) => {
  const { app } = await build(t, { corsOrigins: [APP] })
  for (const origin of ['https://evil.example', 'null', `${APP}.evil.example`, 'http://app.example.com', `${APP}:8443`]) {
    for (const path of ['/v1/clients/web/login', '/v1/oauth/token']) {
      t.notOk((await preflight(app, path, origin)).headers['access-control-allow-origin'], `${origin} ${path}`)
    }
  }
})

t.test('without CORS_ORIGINS no origin is allowed', async (t) => {
  const { app } = await build(t)
  for (const path of ['/v1/clients/web/login', '/v1/profile']) {
    t.notOk((await preflight(app, path)).headers['access-control-allow-origin'], path)
  }
})

t.test('OPTIONS without Access-Control-Request-Method is answered like a preflight of another origin', async (t) => {
  const { app } = await build(t, { corsOrigins: [APP] })
  const answer = await app.inject({ method: 'OPTIONS', url: '/v1/profile' })
  t.equal(answer.statusCode, 204)
  t.notOk(answer.headers['access-control-allow-origin'])
  t.equal((await preflight(app, '/v1/nothing')).statusCode, 404)
})

t.test('the routes of a host keep their own rules', async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  host.get('/v1/orders', async () => 'orders')
  host.options('/v1/orders', async () => 'of the host')
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), corsOrigins: [APP] })
  await host.ready()
  t.equal((await preflight(host, '/v1/orders')).body, 'of the host')
  t.equal((await preflight(host, '/other')).statusCode, 404)
  t.notOk((await host.inject({ url: '/v1/orders', headers: { origin: APP } })).headers['access-control-allow-origin'])
  t.equal((await preflight(host, '/v1/profile')).headers['access-control-allow-origin'], APP)
})

t.test('a host that has @fastify/cors decides for all routes', async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  await host.register(cors, { origin: 'https://host.example' })
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), corsOrigins: [APP] })
  await host.ready()
  for (const path of ['/v1/profile', '/v1/oauth/token']) {
    t.equal((await preflight(host, path)).headers['access-control-allow-origin'], 'https://host.example', path)
  }
})
