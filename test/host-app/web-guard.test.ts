import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { authGuard, DatabaseUnavailable, latchkey, Overloaded, HttpError, TooManyAttempts, type LatchkeyOptions } from '../../src/index.ts'
import { createDatabase, FAST, PASSWORD } from '../support/start-server.ts'
import { formOf, visit } from '../support/visitor.ts'
import { internals } from '../../plugins/internals.ts'

async function createHost (t: Test, options: Partial<LatchkeyOptions> = {}) {
  const host = Fastify()
  t.teardown(() => host.close())
  await host.register(latchkey, { ...FAST, prefix: '/auth', databaseUrl: await createDatabase(t), ...options })
  host.register(async (scope) => {
    scope.addHook('onRequest', host.authGuard('web'))
    scope.get('/orders', async ({ auth }) => ({ ...auth, name: (await auth.user())!.identifiers[0]!.display, may: auth.can('anything') }))
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      scope.route({ method, url: '/orders', handler: async ({ auth }) => ({ by: auth.userId }) })
    }
  })
  await host.ready()
  await host.inject({ method: 'POST', url: '/auth/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  return host
}

const LOGIN = { username: 'ada@example.com', password: PASSWORD }

t.test('a guest is redirected to the login page and returns to the requested page', async (t) => {
  const host = await createHost(t)
  const visitor = visit(host)
  const start = await visitor.get('/orders?page=2&q=a%20b')
  t.match(
    [start.statusCode, start.headers.location, start.headers['cache-control']],
    [303, '/auth/login?return_to=%2Forders%3Fpage%3D2%26q%3Da%2520b', 'no-store']
  )
  const back = await visitor.submit(await visitor.follow(start), LOGIN)
  t.equal(back.headers.location, '/orders?page=2&q=a%20b')
  const orders = (await visitor.follow(back)).json<Record<string, unknown>>()
  t.match(orders, { userId: String, clientId: null, tokenId: null, sessionId: String, name: 'ada@example.com', may: true })
})

t.test('programs, and requests that change something, get 401 instead of a redirect', async (t) => {
  const host = await createHost(t)
  for (const headers of [{ accept: 'application/json' }, { accept: '*/*' }, {}]) {
    const answer = await host.inject({ url: '/orders', headers })
    t.match([answer.statusCode, answer.headers.location, answer.headers['www-authenticate']], [401, undefined, 'Session realm="latchkey"'])
    t.match(answer.json(), { code: 'LK_UNAUTHENTICATED' })
  }
  t.equal((await visit(host).post('/orders', {})).statusCode, 401)
  t.equal(
    (await host.inject({ url: '/orders', headers: { accept: 'text/html', authorization: 'Bearer x', cookie: 'latchkey=x; =; latchkey' } }))
      .statusCode,
    303,
    'what is no login makes a guest'
  )
  t.equal((await host.inject({ url: '//evil.example/orders', headers: { accept: 'text/html' } })).headers.location, undefined)
})

t.test('a request that changes something must come from our own origin, because the cookie is always sent', async (t) => {
  const host = await createHost(t)
  const visitor = visit(host)
  await visitor.submit(await visitor.get('/auth/login'), LOGIN)
  const cookie = `latchkey=${visitor.cookies.get('latchkey')}`
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    const send = (headers: Record<string, string>) => host.inject({ method, url: '/orders', headers: { cookie, ...headers } })
    for (const headers of [
      { origin: 'http://localhost:3000' },
      { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' },
      { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-origin' }
    ]) t.equal((await send(headers)).statusCode, 200, method)
    const foreign: Record<string, string>[] = [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'http://localhost:3000.evil.example' }
    ]
    for (const headers of foreign) {
      const answer = await send(headers)
      t.equal(answer.statusCode, 403, `${method} ${JSON.stringify(headers)}`)
      t.match(answer.json(), { code: 'LK_FOREIGN_ORIGIN' })
    }
  }
})

t.test('a browser session that was revoked, or whose user is disabled or changed the password, is refused at once', async (t) => {
  const host = await createHost(t)
  const { store, database } = internals(host)
  const prisma = await database.prisma()
  const visitor = visit(host)
  const logInAndUse = async () => {
    await visitor.submit(await visitor.get('/auth/login?prompt=login'), LOGIN)
    t.equal((await visitor.get('/orders')).statusCode, 200)
  }
  await logInAndUse()
  const { id } = await prisma.browserSession.findFirstOrThrow({ where: { revokedAt: null } })
  await store.browserSessions.revoke(id)
  t.equal((await visitor.get('/orders')).statusCode, 303)
  await logInAndUse()
  const user = await prisma.user.findFirstOrThrow()
  await store.users.changePassword({
    userId: user.id, passwordHash: user.passwordHash!, passwordStamp: user.passwordStamp, keepSession: null
  })
  t.equal((await visitor.get('/orders')).statusCode, 303)
  await logInAndUse()
  await store.users.setDisabled(user.id, true)
  t.equal((await visitor.get('/orders')).statusCode, 303)
})

t.test("with loginPath guests are redirected to the host's login page", async (t) => {
  const host = await createHost(t, { loginPath: '/signin?from=app' })
  const start = await visit(host).get('/orders')
  t.equal(start.headers.location, '/signin?from=app&return_to=%2Forders')
})

t.test("a host's login page can log in by app.latchkey.browser, without a cookie plugin", async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  await host.register(latchkey, { ...FAST, prefix: '/auth', loginPath: '/signin', databaseUrl: await createDatabase(t) })
  host.post<{ Body: { username: string, password: string } }>('/signin', async (request, reply) => {
    const session = await host.latchkey.browser.logInWithPassword(request, reply, request.body)
    return session ? reply.redirect('/orders', 303) : reply.code(401).send({ wrong: true })
  })
  host.get('/orders', { onRequest: host.authGuard('web') }, async ({ auth }) => ({ user: auth.userId }))
  await host.inject({ method: 'POST', url: '/auth/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  const signIn = (password: string) => host.inject({ method: 'POST', url: '/signin', payload: { ...LOGIN, password } })
  t.equal((await signIn('wrong')).statusCode, 401)
  const cookie = String((await signIn(PASSWORD)).headers['set-cookie']).split(';')[0]!
  t.match((await host.inject({ url: '/orders', headers: { cookie } })).json(), { user: String })
  t.equal(formOf(await visit(host).get('/auth/login')).action, '/auth/login', 'ours is still there')
})

t.test("authGuard('web') on a remote guard throws at the start", async (t) => {
  const guard = Fastify()
  t.teardown(() => guard.close())
  await guard.register(authGuard, { issuer: 'https://id.example.com' })
  t.throws(() => guard.authGuard('web'), /authGuard\('web'\) works where the pages are/)
})

t.test("a host's error handler gets the status and Retry-After of too many attempts, overload and an unreachable database", async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  await host.register(latchkey, { ...FAST, rateLimit: 'on', prefix: '/auth', databaseUrl: await createDatabase(t) })
  host.post<{ Body: { username: string, password: string } }>(
    '/signin',
    async (request, reply) =>
      await host.latchkey.browser.logInWithPassword(request, reply, request.body) ?? reply.code(401).send({ wrong: true })
  )
  host.get('/orders', { onRequest: host.authGuard('web') }, async () => ({}))
  const signIn = (password: unknown) => host.inject({ method: 'POST', url: '/signin', payload: { username: 'ada@example.com', password } })
  for (const password of [5, {}, [], null, true]) t.equal((await signIn(password)).statusCode, 401, 'what is no text is no password')
  for (let tries = 0; tries < 5; tries++) t.equal((await signIn('wrong')).statusCode, 401)
  const blocked = await signIn('wrong')
  t.match(blocked.json(), { statusCode: 429, code: 'LK_TOO_MANY_ATTEMPTS', message: /^Too many attempts, try again in \d+ seconds$/ })
  t.ok(Number(blocked.headers['retry-after']) > 50, 'in seconds')

  internals(host).database.pool.query = (async () => {
    throw Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' })
  }) as never
  const cookie = `latchkey=${'a'.repeat(43)}`
  for (const answer of [
    await host.inject({ url: '/orders', headers: { cookie } }),
    await host.inject({ method: 'POST', url: '/signin', payload: { username: 'bo@example.com', password: 'x' } })
  ]) {
    t.match([answer.statusCode, answer.headers['retry-after'], answer.json()], [503, '2', { code: 'LK_DATABASE_UNAVAILABLE' }])
    t.notMatch(answer.body, '10.1.2.3', 'where the database is, is nobody\'s business')
  }

  for (const error of [new TooManyAttempts(2500), new Overloaded(), new DatabaseUnavailable(new Error('x'))]) {
    t.ok(error instanceof HttpError)
    t.match(error, { name: error.constructor.name, statusCode: Number, code: /^LK_/, headers: { 'retry-after': /^\d+$/ } })
  }
})

t.test("a host's error handler gets an HttpError from a guard, and the answer has the challenge even if it sets none", async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  const seen: unknown[] = []
  host.setErrorHandler(async (error, _request, reply) => {
    seen.push(error)
    return await reply.code(error instanceof HttpError ? error.statusCode : 500).send({ sorry: true })
  })
  await host.register(latchkey, { ...FAST, prefix: '/auth', databaseUrl: await createDatabase(t) })
  host.post('/web', { onRequest: host.authGuard('web') }, async () => ({}))
  host.post('/orders', { onRequest: host.authGuard('api', { scopes: ['orders'] }) }, async () => ({}))
  host.post('/ours', { onRequest: host.authGuard('api', { firstParty: true }) }, async () => ({}))
  await host.inject({ method: 'POST', url: '/auth/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  const visitor = visit(host)
  await visitor.submit(await visitor.get('/auth/login'), LOGIN)
  const cookie = `latchkey=${visitor.cookies.get('latchkey')}`
  const { access_token: token } = (await host.inject({ method: 'POST', url: '/auth/v1/clients/web/login', payload: LOGIN })).json() as {
    access_token: string
  }
  const ask = (url: string, headers: Record<string, string>) => host.inject({ method: 'POST', url, headers })
  const refused = [
    { url: '/web', headers: {}, status: 401, code: 'LK_UNAUTHENTICATED', challenge: /^Session / },
    { url: '/web', headers: { cookie, origin: 'https://evil.example' }, status: 403, code: 'LK_FOREIGN_ORIGIN' },
    { url: '/ours', headers: {}, status: 401, code: 'LK_UNAUTHENTICATED', challenge: /^Bearer / },
    { url: '/ours', headers: { authorization: 'Bearer x' }, status: 401, code: 'LK_UNAUTHENTICATED', challenge: /invalid_token/ },
    {
      url: '/orders', headers: { authorization: `Bearer ${token}` }, status: 403, code: 'LK_INSUFFICIENT_SCOPE',
      challenge: /insufficient_scope.*orders/
    }
  ]
  for (const { url, headers, status, code, challenge } of refused) {
    const answer = await ask(url, headers)
    const error = seen.pop()
    t.ok(error instanceof HttpError, code)
    t.match(error, { statusCode: status, code, headers: challenge ? { 'www-authenticate': challenge } : {} })
    t.match([answer.statusCode, answer.json()], [status, { sorry: true }])
    if (challenge) t.match(answer.headers, { 'www-authenticate': challenge })
  }
})
