import { Transform, Writable } from 'node:stream'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import rateLimit from '@fastify/rate-limit'
import sensible from '@fastify/sensible'
import Fastify, {
  type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions, type InjectOptions,
  type LightMyRequestResponse as Answer
} from 'fastify'
import pino from 'pino'
import t, { type Test } from 'tap'
import { latchkey } from '../../src/index.ts'
import { createDatabase, FAST, makeClient, PASSWORD } from '../support/start-server.ts'
import { authorizeUrl, CALLBACK, formOf, makeApp, paramsOf, VERIFIER, visit } from '../support/visitor.ts'

type Json = Record<string, unknown>

/** What must be the same whatever the host sets: status, type and form of the answer, and our cookies without their values. */
function seen ({ statusCode, headers, body }: Answer) {
  const type = String(headers['content-type'] ?? '').split(';')[0]
  const cookies = [headers['set-cookie'] ?? []]
    .flat()
    .filter((line) => /latchkey|refreshToken/i.test(line))
    .map((line) => line.replace(/=[^;]*/, '=…').replace(/Max-Age=\d+/, 'Max-Age=…'))
  return [
    statusCode,
    type,
    type === 'application/json' ? shapeOf(JSON.parse(body)) : type === 'text/html' ? /<title>([^<]*)/.exec(body)?.[1] : body.slice(0, 40),
    cookies
  ]
}

function shapeOf (value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  return typeof value === 'object' && value !== null ? Object.keys(value).sort() : typeof value
}

/** What people and programs do at a server under /auth. */
async function story (host: FastifyInstance) {
  const done: [string, unknown][] = []
  const ask = async (what: string, options: InjectOptions): Promise<Answer> => {
    const answer = await host.inject(options)
    done.push([what, seen(answer)])
    return answer
  }
  const post = (url: string, payload: object, headers: Record<string, string> = {}) => ({
    method: 'POST' as const, url: `/auth${url}`, payload, headers
  })
  const credentials = { email: 'ada@example.com', password: PASSWORD }
  await ask('register', post('/v1/register', { ...credentials, name: 'Ada' }))
  await ask('register again', post('/v1/register', { ...credentials, email: 5 }))
  await ask('no JSON', { method: 'POST', url: '/auth/v1/register', payload: '{', headers: { 'content-type': 'application/json' } })
  await ask('a wrong password', post('/v1/clients/web/login', { ...credentials, password: 'wrong' }))
  const login = await ask('login', post('/v1/clients/web/login', credentials))
  const cookies = login.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const refreshed = await ask('refresh by cookie', { method: 'POST', url: '/auth/v1/clients/web/refresh', headers: { cookie: cookies } })
  const authorization = `Bearer ${refreshed.json<{ access_token: string }>().access_token}`
  await ask('profile', { url: '/auth/v1/profile', headers: { authorization } })
  const made = await ask('a client', post('/v1/oauth/clients', { name: 'My app', redirect_uris: [CALLBACK] }, { authorization }))
  await ask('its end', { method: 'DELETE', url: `/auth/v1/oauth/clients/${String(made.json<Json>()['id'])}`, headers: { authorization } })
  await ask('sessions', { url: '/auth/v1/oauth/tokens', headers: { authorization } })
  for (const path of ['/.well-known/openid-configuration', '/.well-known/jwks.json', '/health', '/docs/json', '/docs/static/index.html']) {
    await ask(path, { url: `/auth${path}` })
  }
  await ask('the metadata at the root', { url: '/.well-known/oauth-authorization-server/auth' })
  const { basic } = await makeClient(host, { grantTypes: ['client_credentials'] })
  await ask('a token for a machine', {
    method: 'POST', url: '/auth/v1/oauth/token',
    headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' }, payload: 'grant_type=client_credentials'
  })
  await ask('a grant that is none', {
    method: 'POST', url: '/auth/v1/oauth/token', headers: { authorization: basic }, payload: { grant_type: 'x' }
  })

  const visitor = visit(host)
  const noted = async (what: string, answer: Promise<Answer>) => {
    done.push([what, seen(await answer)])
    return await answer
  }
  const app = await makeApp(host)
  const began = await noted('authorize', visitor.get(`/auth${authorizeUrl(app.id, { state: '0042', login_hint: 'Ada@Example.com' })}`))
  const page = await noted('login page', visitor.get(String(began.headers.location)))
  done.push(['what the page asks', [formOf(page).action, Object.keys(formOf(page).hidden)]])
  const loggedIn = await noted('login by form', visitor.submit(page, { username: 'ada@example.com', password: PASSWORD }))
  const consent = await noted('consent', visitor.get(String(loggedIn.headers.location)))
  const answer = await noted('allow', visitor.submit(consent, { decision: 'allow' }))
  const { code, state } = paramsOf(answer)
  done.push(['state', state])
  const payload = new URLSearchParams({ grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER })
    .toString()
  await ask('the code', {
    method: 'POST', url: '/auth/v1/oauth/token',
    headers: { authorization: app.basic, 'content-type': 'application/x-www-form-urlencoded' }, payload
  })
  await noted('account', visitor.get('/auth/account'))
  await noted('a form without its token', visitor.post('/auth/login', { username: 'x' }))
  await noted('a page that is none', visitor.get('/auth/v1/oauth/authorize?client_id=x'))
  const leave = await noted('logout page', visitor.get('/auth/v1/oauth/logout'))
  await noted('logged out', visitor.submit(leave))
  await ask('logout by cookie', { method: 'POST', url: '/auth/v1/clients/web/logout', headers: { cookie: cookies } })
  return done
}

type Host = {
  options?: FastifyServerOptions, before?: (host: FastifyInstance) => unknown, after?: (host: FastifyInstance) => unknown,
  rate?: 'on' | 'off'
}

async function told (t: Test, { options = {}, before = () => {}, after = () => {}, rate = 'off' }: Host) {
  const host = Fastify(options as object) as unknown as FastifyInstance
  t.teardown(() => host.close())
  // A machine that is busy for a moment turns no request of the story away
  host.decorate('isUnderPressure', () => false)
  await before(host)
  await host.register(latchkey, { ...FAST, rateLimit: rate, prefix: '/auth', databaseUrl: await createDatabase(t) })
  await after(host)
  await host.ready()
  return await story(host)
}

const wrap = (payload: unknown) => JSON.stringify({ data: payload })
const upper = () => new Transform({ transform: (chunk, _encoding, done) => { done(null, String(chunk).toUpperCase()) } })
const no = () => Object.assign(new Error('of the host'), { statusCode: 499 })
const addHooks = (host: FastifyInstance) => {
  host.addHook('preParsing', async (_request, _reply, payload) => payload.pipe(upper()))
  host.addHook('preValidation', async (request) => { request.body = { host: request.body } })
  host.addHook('preHandler', async () => { throw no() })
  host.addHook('preSerialization', async (_request, _reply, payload) => ({ data: payload }))
  host.addHook('onSend', async (_request, reply, payload) => {
    reply.header('content-type', 'text/plain')
    return `host ${String(payload)}`
  })
}
const guardAll = (host: FastifyInstance) => { host.addHook('onRequest', host.authGuard('web')) }

const HOSTS: Record<string, Host> = {
  'cookies that are signed': { before: (host) => host.register(cookie, { secret: 'of the host', parseOptions: { signed: true } }) },
  'cookies with a domain, an age, a partition and a priority': {
    before: (host) =>
      host.register(cookie, {
        parseOptions: {
          domain: '.example.com', maxAge: 61, partitioned: true, priority: 'low', sameSite: 'strict', path: '/x',
          httpOnly: false
        }
      })
  },
  'cookies with an encoding of their own': {
    before: (host) =>
      host.register(cookie, {
        parseOptions: {
          encode: (text: string) =>
            Buffer.from(text).toString('hex'), decode: (text: string) =>
            Buffer.from(text, 'hex').toString()
        }
      } as object)
  },
  'decorators of cookies from another plugin': {
    before: (host) =>
      host.decorateReply(
        'setCookie',
        (() => {
          throw no()
        }) as never
      ).decorateReply('clearCookie', null as never).decorateRequest('cookies', null as never)
  },
  'a reply serializer': { before: (host) => host.setReplySerializer(wrap) },
  'a reply serializer, later': { after: (host) => host.setReplySerializer(wrap) },
  'a serializer compiler': { before: (host) => host.setSerializerCompiler(() => wrap) },
  'a validator compiler': { before: (host) => host.setValidatorCompiler(() => () => ({ error: no() })) },
  'compilers, later': { after: (host) => host.setValidatorCompiler(() => () => ({ error: no() })).setSerializerCompiler(() => wrap) },
  'a schema controller': {
    before: (host) =>
      host.setSchemaController({
        compilersFactory: {
          buildValidator: () => () => () => ({ error: no() }), buildSerializer: () => () =>
            wrap
        }
      } as never)
  },
  'a schema error formatter': { before: (host) => host.setSchemaErrorFormatter(() => 'no error' as never) },
  'an error handler': { before: (host) => host.setErrorHandler((error, _request, reply) => reply.code(499).send({ host: String(error) })) },
  'an error handler, later': {
    after: (host) => host.setErrorHandler((error, _request, reply) => reply.code(499).send({ host: String(error) }))
  },
  'a handler of what is not found': { before: (host) => host.setNotFoundHandler((_request, reply) => reply.code(499).send('host')) },
  'hooks that change all': { before: addHooks },
  'hooks that change all, later': { after: addHooks },
  'a guard on everything, later': { after: guardAll },
  'parsers of bodies': {
    before: async (host) => {
      host.removeAllContentTypeParsers()
      host.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(no()))
    },
    after: (host) =>
      host.addContentTypeParser(
        ['application/json', 'application/x-www-form-urlencoded'],
        { parseAs: 'string' },
        (_request, _body, done) => done(no())
      )
  },
  'forms parsed its way': { before: (host) => host.register(formbody, { parser: () => ({ host: 'form' }) }) },
  'a limit for bodies': { options: { bodyLimit: 10 } },
  'a limit on everything that spares its own machines, and answers its way': {
    rate: 'on',
    before: (host) => host.register(rateLimit, { global: false, max: 1, allowList: ['127.0.0.1'], errorResponseBuilder: () => no() })
  },
  'http errors of another kind': { before: (host) => host.decorate('httpErrors', null as never) },
  '@fastify/sensible': { before: (host) => host.register(sensible) },
  'a query parser': {
    options: {
      routerOptions: {
        querystringParser: (text: string) => ({
          ...Object.fromEntries([...new URLSearchParams(text)].map(([name, value]) => [name.toUpperCase(), Number(value)]))
        })
      }
    }
  },
  'semicolons in queries': { options: { routerOptions: { useSemicolonDelimiter: true } as object } },
  'paths in any case, with slashes': {
    options: { routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } }
  },
  'ajv that coerces and removes': {
    options: { ajv: { customOptions: { coerceTypes: 'array', removeAdditional: 'all', useDefaults: true, allErrors: true } } }
  },
  'prototypes in bodies': { options: { onProtoPoisoning: 'ignore', onConstructorPoisoning: 'ignore' } },
  'ids of requests that are no text': { options: { genReqId: () => 7 as never, requestIdHeader: 'x-id', requestIdLogLabel: 'trace' } },
  'no HEAD routes': { options: { exposeHeadRoutes: false } },
  'its own logger': { options: { disableRequestLogging: true, childLoggerFactory: (logger) => logger } as FastifyServerOptions },
  'a rewritten address': { options: { rewriteUrl: ({ url = '/' }) => url.replace(/^\/auth\/auth/, '/auth') } },
  'schemas of the names of ours': {
    before: (host) => host.addSchema({ $id: 'ErrorBody', type: 'string' }).addSchema({ $id: 'User', type: 'string' })
  },
  'decorators of the names of ours': {
    before: (host) =>
      host
        .decorate('pages', 1 as never)
        .decorate('clientProxy', 1 as never)
        .decorate('metricsRegistry', 1 as never)
        .decorate('rateLimit', 1 as never)
  },
  'a time for handlers': { options: { handlerTimeout: 1 } as FastifyServerOptions }
}

t.test('no app-wide setting or hook of a host changes how we read requests or answer', async (t) => {
  const plain = await told(t, {})
  t.match(plain.find(([what]) => what === 'allow')![1], [303])
  for (const [what, host] of Object.entries(HOSTS)) {
    await t.test(what, async (t) => { t.same(await told(t, host), plain.map(([name, answer]) => [name, answer])) })
  }
})

t.test("the host's onRequest and onResponse hooks run for our routes, and can refuse requests", async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  const requests: string[] = []
  host.addHook('onRequest', async ({ url, headers }) => {
    if (headers['x-blocked']) throw no()
    requests.push(url)
  })
  host.addHook('onResponse', async ({ url }, { statusCode }) => { requests.push(`${url} ${statusCode}`) })
  await host.register(latchkey, { ...FAST, prefix: '/auth', databaseUrl: await createDatabase(t) })
  await host.inject('/auth/login')
  t.same(requests, ['/auth/login', '/auth/login 200'])
  t.equal((await host.inject({ url: '/auth/login', headers: { 'x-blocked': 'yes' } })).statusCode, 499)
})

t.test('a maxParamLength that is too short for our ids stops the start', async (t) => {
  const databaseUrl = await createDatabase(t)
  for (const options of [{ maxParamLength: 30 }, { routerOptions: { maxParamLength: 30 } }]) {
    const host = Fastify(options as FastifyServerOptions)
    await t.rejects(async () => await host.register(latchkey, { ...FAST, prefix: '/auth', databaseUrl }), {
      code: 'LK_CONFIG',
      message: /maxParamLength .* at least 64/
    })
    await host.close().catch(() => {})
  }
})

/** Of hosts that log all that there is of requests and answers. */
const telling: Record<string, pino.SerializerFn> = {
  req: (request: FastifyRequest) => ({ url: request.url, original: request.originalUrl, query: request.query, headers: request.headers }),
  res: (reply: FastifyReply) => ({ statusCode: reply.statusCode, headers: reply.getHeaders() })
}

type Logging = (logged: { level: 'trace', stream: Writable }) => FastifyServerOptions

const LOGGERS: [whose: string, options: Logging][] = [
  ['Fastify\'s own logger', (logger) => ({ logger })],
  ['serializers of the host', (logger) => ({ logger: { ...logger, serializers: telling } })],
  ['a logger of the host', ({ level, stream }) => ({ loggerInstance: pino({ level, serializers: telling }, stream) })],
  ['child loggers that heed no serializers', (logger) => ({
    logger: { ...logger, serializers: telling },
    childLoggerFactory: (parent, bindings) => parent.child(bindings)
  })],
  ['child loggers with serializers of the host', (logger) => ({
    logger,
    childLoggerFactory: (parent, bindings, options) => parent.child(bindings, { ...options, serializers: telling })
  })],
  ['no log', () => ({ logger: false })]
]

t.test('logs of a host contain no queries and headers of our routes', async (t) => {
  const databaseUrl = await createDatabase(t)
  for (const [whose, options] of LOGGERS) {
    let text = ''
    const stream = new Writable({ write (chunk, _encoding, done) { text += String(chunk); done() } })
    const host = Fastify(options({ level: 'trace', stream }))
    t.teardown(() => host.close())
    await host.register(latchkey, { ...FAST, prefix: '/auth', databaseUrl })
    for (const path of [
      '/v1/oauth/logout?id_token_hint=SECRET', '/v1/oauth/authorize?client_id=x&state=SECRET', '/login?return_to=SECRET',
      '/docs/json?x=SECRET', '/docs?x=SECRET', '/v1/profile?access_token=SECRET', '/health?x=SECRET',
      '/device?user_code=SECRET', '/v1/oauth/authorize?%00=SECRET', '/account?x=SECRET'
    ]) {
      for (const headers of [{ cookie: 'x=SECRET', authorization: 'Bearer SECRET' }, { accept: 'text/html' }]) {
        await host.inject({ url: `/auth${path}`, headers })
      }
    }
    await host.inject('/.well-known/oauth-authorization-server/auth?x=SECRET')
    await host.inject({
      method: 'POST', url: '/auth/v1/oauth/token?code=SECRET', payload: 'code=SECRET&grant_type=authorization_code',
      headers: { 'content-type': 'application/x-www-form-urlencoded' }
    })
    if (!whose.startsWith('no log')) t.match(text, '/auth/v1/oauth/logout', whose)
    t.notOk(text.includes('SECRET'), `${whose}: ${/.*SECRET.*/.exec(text)?.[0].slice(0, 300) ?? 'nothing'}`)
  }
})

t.test("the host's hooks apply to its own routes", async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  host.addHook('onSend', async (_request, _reply, payload) => `host ${String(payload)}`)
  await host.register(latchkey, { ...FAST, prefix: '/auth', databaseUrl: await createDatabase(t) })
  host.addHook('preSerialization', async (_request, _reply, payload) => ({ data: payload }))
  host.get('/orders', { onRequest: host.authGuard('api') }, async () => ({}))
  host.get('/open', async () => ({ a: 1 }))
  t.equal((await host.inject('/open')).body, 'host {"data":{"a":1}}')
  t.match((await host.inject('/orders')).body, /^host {"data":{"statusCode":401|^host {"statusCode":401/)
})
