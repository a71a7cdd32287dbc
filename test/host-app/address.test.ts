import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../plugins/latchkey.ts'
import { authGuard, clientProxy, latchkey, oauth } from '../../src/index.ts'
import { asked, makeTv } from '../support/device.ts'
import {
  build, claimsOf, createDatabase, FAST, login, makeClient, PASSWORD, profile, refresh, register, token,
  type Tokens
} from '../support/start-server.ts'
import { personalToken } from '../support/machines.ts'
import { tagsOf } from '../unit/views/html.ts'
import { authorize, CALLBACK, loggedIn, makeApp, paramsOf, VERIFIER, visit } from '../support/visitor.ts'

type Host = { host: FastifyInstance, logs: () => string }

function createHost (t: Test, options: FastifyServerOptions & { https?: object } = {}): Host {
  let text = ''
  const stream = new Writable({ write (chunk, _encoding, done) { text += chunk; done() } })
  const host = Fastify({ ...options, logger: { level: 'info', stream } } as FastifyServerOptions) as unknown as FastifyInstance
  // It decides itself about overload: other programs may keep this machine busy
  host.decorate('isUnderPressure', () => false)
  t.teardown(() => host.close())
  return { host, logs: () => text }
}

async function listening (t: Test, options: Partial<AppOptions> = {}): Promise<Host & { port: number, url: string }> {
  const made = createHost(t)
  await made.host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), ...options })
  await made.host.listen({ port: 0, host: '127.0.0.1' })
  const { port } = made.host.server.address() as AddressInfo
  return { ...made, port, url: `http://localhost:${port}` }
}

const issuerOf = async (host: FastifyInstance, prefix = '', headers = {}) =>
  (await host.inject({ url: `${prefix}/.well-known/openid-configuration`, headers })).json<{ issuer: string }>().issuer

t.test('without appUrl the issuer has the port on which the host listens', async (t) => {
  const { host, logs } = createHost(t)
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), scopes: { 'orders:read': 'See your orders' } })
  host.get('/orders', { onRequest: host.authGuard('api') }, async ({ auth }) => ({ user: auth.userId }))
  await register(host)
  t.equal(await issuerOf(host), 'http://localhost:3000', 'nobody knows a port yet')
  t.same(Object.keys(host.latchkey).sort(), ['browser', 'issuer', 'on', 'providerTokens'], 'what a host sees, and nothing else')
  t.same(Object.keys(host.latchkey.browser).sort(), ['logInWithPassword', 'logOut', 'returnPath', 'session'])
  const early = (await login(host)).json<Tokens>()
  t.equal((await profile(host, early.access_token)).statusCode, 200)

  await host.listen({ port: 0, host: '127.0.0.1' })
  const issuer = `http://localhost:${(host.server.address() as AddressInfo).port}`
  t.equal(await issuerOf(host), issuer)
  t.equal(host.latchkey.issuer, issuer)
  t.equal(await issuerOf(host, '', { host: 'evil.example', 'x-forwarded-host': 'evil.example' }), issuer, 'never from a header')
  t.match((await host.inject('/.well-known/oauth-protected-resource')).json(), {
    resource: issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`
  })
  t.match(logs(), `Tokens and links contain ${issuer}: set appUrl (or LATCHKEY_APP_URL)`)

  const { access_token: bearer, refresh_token: refreshToken } = (await login(host)).json<Tokens>()
  t.match(claimsOf(bearer), { iss: issuer, aud: issuer })
  t.equal((await host.inject({ url: '/orders', headers: { authorization: `Bearer ${bearer}` } })).statusCode, 200)
  t.equal((await refresh(host, refreshToken)).statusCode, 200)
  t.equal((await profile(host, early.access_token)).statusCode, 401, 'that of another issuer')
  t.match((await host.inject('/orders')).headers['www-authenticate'], `resource_metadata="${issuer}/`)
  t.equal(
    (await host.inject({ url: '/orders', headers: { authorization: `Bearer ${(await personalToken(host, bearer)).access_token}` } }))
      .statusCode,
    200
  )
  const tv = await makeTv(host)
  t.match(await asked(host, { client_id: tv.id }), {
    verification_uri: `${issuer}/device`,
    verification_uri_complete: new RegExp(`^${issuer}/device\\?`)
  })

  const app = await makeApp(host)
  const visitor = await loggedIn(host)
  const { code, iss } = paramsOf(await authorize(visitor, app.id, { scope: 'openid' }))
  t.equal(iss, issuer)
  const tokens = (
    await token(host, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, app.basic)
  ).json<Tokens & { id_token: string }>()
  t.match(claimsOf(tokens.id_token), { iss: issuer })
  t.equal((await host.inject({ url: '/v1/oauth/userinfo', headers: { authorization: `Bearer ${tokens.access_token}` } })).statusCode, 200)
  const introspected = await host.inject({
    method: 'POST', url: '/v1/oauth/introspect',
    headers: { authorization: app.basic, 'content-type': 'application/x-www-form-urlencoded' }, payload: `token=${tokens.access_token}`
  })
  t.match(introspected.json(), { active: true, iss: issuer })
})

t.test('without appUrl the issuer is https on a TLS server, and on a Unix socket the log says what to set', async (t) => {
  const { host } = createHost(t, { https: {} })
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t) })
  await host.listen({ port: 0, host: '127.0.0.1' })
  t.equal(await issuerOf(host), `https://localhost:${(host.server.address() as AddressInfo).port}`)
  t.match((await host.inject('/login')).headers['set-cookie'], /^__Host-.*; Secure/)

  const other = createHost(t)
  await other.host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t) })
  // Its path may have 107 bytes
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  await other.host.listen({ path: join(folder, 'socket') })
  t.match(other.logs(), /listens on .*socket without a port.*set appUrl \(or LATCHKEY_APP_URL\)/)
})

t.test('an appUrl that was set is used unchanged', async (t) => {
  const { host, logs } = await listening(t, { appUrl: 'https://id.example.com' })
  t.equal(await issuerOf(host), 'https://id.example.com')
  await issuerOf(host, '', { host: 'localhost:8080' })
  t.notMatch(logs(), /LATCHKEY_APP_URL/)
})

t.test("the log warns once of a request to another address than the issuer's", async (t) => {
  const { host, logs, port } = await listening(t)
  await issuerOf(host, '', { host: `localhost:${port}` })
  t.notMatch(logs(), 'An application requested')
  for (const name of ['192.168.1.20:8080', 'other:1']) await issuerOf(host, '', { host: name })
  t.equal(logs().split('An application requested').length, 2)
  t.match(logs(), /"host":"192\.168\.1\.20:8080".*set appUrl \(or LATCHKEY_APP_URL\) to the address that applications use/)
})

t.test("a login from the host's page or through a development proxy works, or the error says what to set", async (t) => {
  const { host, url, port } = await listening(t, { prefix: '/auth' })
  const payload = { email: 'ada@example.com', password: PASSWORD }
  await host.inject({ method: 'POST', url: '/auth/v1/register', payload })
  const from = (headers: Record<string, string>) => host.inject({ method: 'POST', url: '/auth/v1/clients/web/login', payload, headers })
  for (const origin of [url, `http://127.0.0.1:${port}`, 'http://localhost:5173']) {
    t.equal((await from({ origin, host: new URL(origin).host, 'sec-fetch-site': 'same-origin' })).statusCode, 200, origin)
  }
  t.equal((await from({ origin: url })).statusCode, 200, 'a browser that says less')
  t.same((await from({ origin: 'http://localhost:5173' })).json(), {
    statusCode: 403,
    code: 'LK_FOREIGN_ORIGIN',
    error: 'Forbidden',
    message: `This comes from a page of http://localhost:5173, and the address of this server is ${url}; if people open this server at http://localhost:5173, set appUrl (or LATCHKEY_APP_URL) to that; to let pages of another site call, add http://localhost:5173 to corsOrigins (or LATCHKEY_CORS_ORIGINS)`
  })
  t.notMatch((await from({ origin: 'http://<b>' })).body, '<b>', 'what is no origin is not repeated')
  const visitor = visit(host, { origin: 'http://localhost:5173', host: 'localhost:5173' })
  t.equal(
    (await visitor.submit(await visitor.get('/auth/login'), { username: 'ada@example.com', password: PASSWORD })).statusCode,
    303,
    'and so does the login page'
  )
})

t.test('inside a scope with a prefix, issuer, styles, forms and cookies have that prefix', async (t) => {
  const { host } = createHost(t)
  const databaseUrl = await createDatabase(t)
  await host.register(async (scope) => {
    await scope.register(latchkey, { ...FAST, databaseUrl, appUrl: 'https://example.com/site', prefix: '/auth' })
    scope.get('/orders', { onRequest: scope.authGuard('web') }, async () => 'in')
  }, { prefix: '/api' })
  const { issuer, ...metadata } = (await host.inject('/api/auth/.well-known/openid-configuration')).json<Record<string, string>>()
  t.equal(issuer, 'https://example.com/site/api/auth')
  const page = await host.inject({ url: '/api/auth/login', headers: { accept: 'text/html' } })
  const paths = tagsOf(page.body)
    .flatMap(({ attributes }) => [attributes['href'], attributes['action'], attributes['src']])
    .filter((path) => path?.startsWith('/'))
  t.ok(paths.length >= 3)
  for (const path of [...paths, new URL(metadata['authorization_endpoint']!).pathname, new URL(metadata['jwks_uri']!).pathname]) {
    t.ok(path!.startsWith('/site/api/auth/'), path!)
    t.not((await host.inject(path!.slice('/site'.length))).statusCode, 404, path!)
  }
  const guest = await host.inject({ url: '/api/orders', headers: { accept: 'text/html' } })
  t.equal(guest.headers.location, '/site/api/auth/login?return_to=%2Fsite%2Fapi%2Forders')
  const payload = { email: 'ada@example.com', password: PASSWORD }
  await host.inject({ method: 'POST', url: '/api/auth/v1/register', payload })
  t.match(
    (await host.inject({ method: 'POST', url: '/api/auth/v1/clients/web/login', payload })).headers['set-cookie'],
    /Path=\/site\/api\/auth\/v1\/clients\/web/
  )
  t.match((await host.inject('/api/auth/docs/json')).json(), {
    servers: [{ url: 'https://example.com/site' }],
    paths: { '/api/auth/v1/register': {} }
  })
  t.equal((await host.inject('/api/auth/docs/')).statusCode, 200)
  t.equal((await host.inject('/api/auth/health')).statusCode, 200)
})

t.test('parts that are registered in scopes with different prefixes stop the start', async (t) => {
  const { host } = createHost(t)
  const options = { ...FAST, databaseUrl: await createDatabase(t) }
  await host.register(authGuard, options)
  await t.rejects(async () => {
    await host.register(async (scope) => {
      await scope.register(oauth, options)
    }, { prefix: '/api' })
  }, {
    code: 'LK_CONFIG',
    message: /^prefix differs between scopes: Latchkey was first registered under "", and its pages would be served under "\/api"/
  })
})

t.test('a remote client proxy sets cookies and checks origins for the app that it is registered in', async (t) => {
  const { app } = await build(t, { appUrl: 'http://localhost:3000' })
  await register(app)
  const { id, secret } = await makeClient(app)
  const server = createHost(t)
  await server.host.register(async (scope) => {
    // Stands for the issuer elsewhere, under a path of its own
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    scope.post('/v1/oauth/token', async ({ headers, body }, reply) => {
      const answer = await app.inject({
        method: 'POST', url: '/v1/oauth/token',
        headers: { authorization: headers.authorization!, 'content-type': headers['content-type']! }, payload: body as string
      })
      return reply.code(answer.statusCode).send(answer.json())
    })
  }, { prefix: '/id' })
  await server.host.listen({ port: 0, host: '127.0.0.1' })
  const front = createHost(t)
  await front.host.register(async (scope) => {
    await scope.register(clientProxy, {
      issuer: `http://127.0.0.1:${(server.host.server.address() as AddressInfo).port}/id`,
      clients: { web: { id, secret } }, prefix: '/p'
    })
  }, { prefix: '/api' })
  await front.host.listen({ port: 0, host: '127.0.0.1' })
  const { port } = front.host.server.address() as AddressInfo
  const from = (origin: string) =>
    front.host.inject({
      method: 'POST', url: '/api/p/v1/clients/web/login', headers: { origin },
      payload: { email: 'ada@example.com', password: PASSWORD }
    })
  const answer = await from(`http://localhost:${port}`)
  t.equal(answer.statusCode, 200, answer.body)
  t.match(answer.headers['set-cookie'], /Path=\/api\/p\/v1\/clients\/web/)
  t.match((await from('http://localhost:5173')).json(), { code: 'LK_FOREIGN_ORIGIN', message: /set appUrl/ })
})
