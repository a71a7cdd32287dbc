import rateLimit from '@fastify/rate-limit'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import {
  authGuard, authOf, latchkey, type BrowserAuth, type ClientAuth, type LatchkeyOptions, type PersonalAuth,
  type SessionAuth
} from '../../src/index.ts'
import { createDatabase, eventually, FAST, login, PASSWORD, register, type Tokens } from '../support/start-server.ts'
import { visit } from '../support/visitor.ts'
import { internals } from '../../plugins/internals.ts'

async function host (t: Test, options: LatchkeyOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(latchkey, { ...FAST, scopes: { 'orders:read': 'See your orders' }, databaseUrl: await createDatabase(t), ...options })
  return app
}

t.test('reading request.auth without a guard throws an error that says what to add', async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  host.setErrorHandler(async (error, _request, reply) => await reply.code(500).send({ message: (error as Error).message }))
  host.get('/early/:id', async ({ auth }) => auth.userId)
  await host.register(latchkey, { ...FAST, prefix: '/auth', databaseUrl: await createDatabase(t) })
  host.get('/open/:id', async ({ auth }) => auth.userId)
  t.match((await host.inject('/open/5?token=secret')).json(), {
    message:
      "request.auth was read at GET /open/:id, where no guard stands before: add { onRequest: app.authGuard('api') }, with { optional: true } for a route that serves guests, too; hooks of the whole app call authOf(request)"
  })
  t.equal((await host.inject('/early/5')).statusCode, 500)
})

t.test('an optional guard lets guests pass, and refuses invalid tokens', async (t) => {
  const app = await host(t)
  const options = { optional: true } as const
  app.get('/shop', { onRequest: app.authGuard('api', options) }, async ({ auth }) => ({ user: auth?.userId ?? null }))
  app.get(
    '/orders',
    { onRequest: app.authGuard('api', { optional: true, scopes: ['orders:read'] }) },
    async ({ auth }) => ({ user: auth?.userId ?? null })
  )
  const pages = app.authGuard('web', options)
  app.route({
    method: ['GET', 'POST'], url: '/welcome', onRequest: pages,
    handler: async (request) => ({ user: pages.auth(request)?.userId ?? null })
  })
  const { id } = (await register(app)).json<{ id: string }>()
  const { access_token: token } = (await login(app)).json<Tokens>()
  const shop = async (authorization?: string, url = '/shop') => {
    const answer = await app.inject({ url, headers: authorization === undefined ? {} : { authorization } })
    return [answer.statusCode, answer.json().user]
  }
  t.same(await shop(), [200, null])
  t.same(await shop(`Bearer ${token}`), [200, id])
  t.same(await shop('Basic dXNlcjpwYXNzd29yZA=='), [200, null], 'which somebody in front of us may ask for')
  for (const bad of [
    'Bearer', 'Bearer ', 'bearer x', `Bearer ${token}x`, `Bearer ${token} ${token}`, `Bearer${token}`, token,
    `"Bearer ${token}"`, 'Bearer lk_pat_x'
  ]) t.equal((await shop(bad))[0], 401, bad)
  t.same(await shop(undefined, '/orders'), [200, null])
  await app.inject({ method: 'POST', url: '/v1/logout', headers: { authorization: `Bearer ${token}` } })
  t.equal((await shop(`Bearer ${token}`))[0], 401, 'once it was revoked')

  const visitor = visit(app)
  t.same([(await visitor.get('/welcome')).statusCode, (await visitor.get('/welcome')).json()], [200, { user: null }])
  await visitor.submit(await visitor.get('/login'), { username: 'ada@example.com', password: PASSWORD })
  t.same((await visitor.get('/welcome')).json(), { user: id })
  const cookie = `latchkey=${visitor.cookies.get('latchkey')}`
  t.equal((await app.inject({ method: 'POST', url: '/welcome', headers: { cookie, origin: 'https://evil.example' } })).statusCode, 403)
  t.same((await app.inject({ url: '/welcome', headers: { cookie: 'latchkey=old' } })).json(), { user: null })
})

t.test('a hook of the whole app can call authOf without a guard, and reading request.auth there breaks none of our routes', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(rateLimit, { max: 50, hook: 'preHandler', keyGenerator: (request) => authOf(request)?.userId ?? request.ip })
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.url !== '/open') request.log.debug({ user: request.auth?.userId })
  })
  await app.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t) })
  app.get('/open', async (request) => ({ user: authOf(request) }))
  t.equal((await register(app)).statusCode, 201)
  t.equal((await login(app)).statusCode, 200)
  for (const [url, status] of [['/.well-known/openid-configuration', 200], ['/login', 200], ['/nowhere', 404], ['/open', 200]] as const) {
    t.equal((await app.inject(url)).statusCode, status, url)
  }
  t.same((await app.inject('/open')).json(), { user: null })
})

t.test('of a token guard and a browser guard, the token is request.auth, and each guard returns what it found', async (t) => {
  const app = await host(t)
  const [token, browser, guest] = [app.authGuard('api'), app.authGuard('web'), { optional: true } as const]
  const [maybeToken, maybeBrowser] = [app.authGuard('api', guest), app.authGuard('web', guest)]
  app.get(
    '/both',
    { onRequest: [token, browser] },
    async (request) => [request.auth.userId, token.auth(request).userId, browser.auth(request).userId]
  )
  app.get(
    '/either',
    { onRequest: [maybeBrowser, maybeToken] },
    async (request) => [request.auth?.userId ?? null, maybeToken.auth(request)?.userId ?? null, maybeBrowser.auth(request)?.userId ?? null]
  )
  app.get('/missing', { onRequest: token }, async (request) => browser.auth(request).sessionId)
  const ada = (await register(app)).json<{ id: string }>().id
  const eve = (await register(app, { email: 'eve@example.com' })).json<{ id: string }>().id
  const authorization = `Bearer ${(await login(app)).json<Tokens>().access_token}`
  const visitor = visit(app)
  await visitor.submit(await visitor.get('/login'), { username: 'eve@example.com', password: PASSWORD })
  const cookie = `latchkey=${visitor.cookies.get('latchkey')}`
  const ask = async (url: string, headers: Record<string, string>) => (await app.inject({ url, headers })).json()
  t.same(await ask('/both', { authorization, cookie }), [ada, ada, eve], 'the scopes that were checked are of who is told')
  t.match(await ask('/both', { authorization }), { statusCode: 401 })
  t.same(await ask('/either', { authorization }), [ada, ada, null])
  t.same(await ask('/either', { authorization, cookie }), [ada, ada, eve], 'a cookie widens no token')
  t.same(await ask('/either', { cookie }), [eve, null, eve], 'nobody is made a guest by the next guard')
  t.same(await ask('/either', {}), [null, null, null])
  t.match(await ask('/missing', { authorization, cookie }), { statusCode: 500 }, 'a guard that was forgotten lets nobody in')
})

t.test('a host can guard our routes by a hook, by onRoute, and add its own route in our scope', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const options = { ...FAST, databaseUrl: await createDatabase(t), prefix: '/auth' }
  await app.register(authGuard, options)
  const guard = app.authGuard('api', { scopes: ['ops'] })
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url === '/auth/metrics') return await guard.call(app, request, reply)
  })
  app.addHook('onRoute', (route) => {
    if (route.url === '/auth/docs/*') route.onRequest = [guard, ...[route.onRequest ?? []].flat()]
  })
  app.addHook('onRegister', (scope) => {
    if (scope.prefix === '/auth' && !scope.hasRoute({ method: 'GET', url: '/auth/own' })) scope.get('/own', { onRequest: guard }, async () => 'own')
  })
  app.addHook('onRequest', app.authGuard('api'))
  await app.register(latchkey, { prefix: '/auth' })
  for (const url of ['/auth/metrics', '/auth/docs/json', '/auth/own']) t.equal((await app.inject(url)).statusCode, 401, url)
  for (const url of ['/auth/health', '/auth/login', '/auth/.well-known/jwks.json']) t.equal((await app.inject(url)).statusCode, 200, url)
})

t.test('hooks that run after a refusal read null in request.auth', async (t) => {
  const app = await host(t)
  const seen: unknown[] = []
  app.addHook('onSend', async ({ routeOptions, auth }) => { if (routeOptions.url === '/guarded') seen.push(auth) })
  app.get('/guarded', { onRequest: app.authGuard('api') }, async ({ auth }) => auth.userId)
  app.get('/pages', { onRequest: app.authGuard('web') }, async ({ auth }) => auth.userId)
  t.equal((await app.inject('/guarded')).statusCode, 401)
  t.same(seen, [null])
})

t.test('with stale revocations an optional guard lets guests pass, and answers 503 to a request with credentials', async (t) => {
  const app = await host(t, { revocation: { maxStaleness: 5 } })
  for (const kind of ['api', 'web'] as const) {
    app.get(`/${kind}`, { onRequest: app.authGuard(kind, { optional: true }) }, async ({ auth }) => ({ user: auth?.userId ?? null }))
  }
  await register(app)
  const { access_token: token } = (await login(app)).json<Tokens>()
  const visitor = visit(app)
  await visitor.submit(await visitor.get('/login'), { username: 'ada@example.com', password: PASSWORD })
  const cookie = `latchkey=${visitor.cookies.get('latchkey')}`
  await internals(app).revocation.feed.stop()
  t.ok(await eventually(async () => (await app.inject({ url: '/api', headers: { authorization: `Bearer ${token}` } })).statusCode === 503))
  t.equal((await app.inject({ url: '/web', headers: { cookie } })).statusCode, 503)
  for (const url of ['/api', '/web']) {
    t.same([(await app.inject(url)).statusCode, (await app.inject(url)).json()], [200, { user: null }], url)
  }
})

t.test('the type of guard.auth follows its kind and options', async (t) => {
  const app = await host(t)
  const request = {} as never
  const types = () => {
    const user: SessionAuth | PersonalAuth = app.authGuard('api').auth(request)
    const both: SessionAuth | PersonalAuth | ClientAuth = app.authGuard('api', { clients: true }).auth(request)
    const client: ClientAuth = app.authGuard('client').auth(request)
    const browser: BrowserAuth = app.authGuard('web').auth(request)
    const guest: BrowserAuth | null = app.authGuard('web', { optional: true }).auth(request)
    const held = { optional: true, clients: true }
    const late: { optional?: boolean } = {}
    const either: SessionAuth | PersonalAuth | ClientAuth | null = app.authGuard('api', held).auth(request)
    // @ts-expect-error a guest may come, as far as is known
    const known: SessionAuth | PersonalAuth | ClientAuth = app.authGuard('api', held).auth(request)
    // @ts-expect-error and so here
    const unknown: BrowserAuth = app.authGuard('web', late).auth(request)
    const never: SessionAuth | PersonalAuth = app.authGuard('api', { optional: false, scopes: ['orders:read'] }).auth(request)
    // @ts-expect-error a client may come
    const wrong: SessionAuth | PersonalAuth = app.authGuard('api', { clients: true }).auth(request)
    // @ts-expect-error a guest may come
    const guests: SessionAuth | PersonalAuth = app.authGuard('api', { optional: true }).auth(request)
    // @ts-expect-error a browser session has no scopes
    app.authGuard('web', { scopes: ['orders:read'] })
    // @ts-expect-error nor beside an option that it has
    app.authGuard('web', { optional: true, firstParty: true })
    // @ts-expect-error a guard of clients cannot accept clients as well
    app.authGuard('client', { clients: true })
    return [
      user.userId.length, both.userId, client.clientId.length, browser.sessionId.length, guest?.userId, wrong, guests,
      either, known, unknown, never
    ]
  }
  t.type(types, 'function')
})
