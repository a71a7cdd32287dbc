import t from 'tap'
import { buildServer } from '../../../src/server/server.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { createDatabase, FAST, login, makeClient, PASSWORD, register, signedIn, token } from '../../support/start-server.ts'
import { call } from '../../support/machines.ts'
import { makeTv } from '../../support/device.ts'
import { authorize, authorizeUrl, CALLBACK, loggedIn, makeApp, paramsOf, VERIFIER, visit } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const HTML = { accept: 'text/html' }
const FORM = { ...HTML, 'content-type': 'application/x-www-form-urlencoded', origin: 'http://localhost:3000' }

t.test('RFC 9700 section 4.16: no page can be framed, errors and redirects included', async (t) => {
  const { app } = await buildServer({ ...FAST, logLevel: 'silent', databaseUrl: await createDatabase(t) }, {})
  t.teardown(() => app.close())
  const client = await makeApp(app)
  const post = (url: string, payload: string, headers: object = {}) =>
    app.inject({ method: 'POST', url, headers: { ...FORM, ...headers }, payload })
  const get = (url: string) => app.inject({ url, headers: HTML })
  const answers = {
    200: [await get('/login'), await get('/register'), await get('/logout')],
    303: [
      await get(authorizeUrl(client.id)),
      await get('/account'),
      await post('/v1/oauth/authorize', 'client_id=x'),
      await get(authorizeUrl(client.id, { prompt: 'none' }))
    ],
    400: [
      await get(authorizeUrl('nobody')),
      await get('/login?x=%00'),
      await post('/login', 'a=1&a=2'),
      await get('/v1/oauth/logout?id_token_hint=x')
    ],
    403: [
      await post('/login', 'username=a'),
      await post('/logout', ''),
      await post('/register', 'email=a'),
      await post('/v1/oauth/authorize', 'decision=allow'),
      await post('/login', '', { origin: 'https://evil.example' })
    ],
    404: [await get('/nowhere'), await get('/login/nowhere'), await get('/v1/oauth/nowhere')],
    413: [await post('/login', `username=${'x'.repeat(70_000)}`)],
    415: [await post('/login', '{}', { 'content-type': 'application/json' })]
  }
  for (const [status, all] of Object.entries(answers)) {
    for (const { statusCode, headers, raw } of all) {
      const name = `${status} ${raw.req.method} ${raw.req.url?.slice(0, 60)}`
      t.equal(statusCode, Number(status), name)
      t.match(headers, {
        'x-frame-options': 'DENY', 'content-security-policy': /frame-ancestors 'none'/,
        'x-content-type-options': 'nosniff', 'cache-control': 'no-store'
      }, name)
      t.notMatch(headers['content-security-policy'], /unsafe|\*|https?:(?!\/\/app\.example\.com)/, name)
      t.match(headers['referrer-policy'], /^(same-origin|no-referrer)$/, `${name}: no other site learns where it came from`)
    }
  }
})

t.test('RFC 6749 section 5.1: a response with a token, a code or a secret is Cache-Control: no-store', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const tv = await makeTv(app)
  const machine = await makeClient(app, { grantTypes: ['password', 'refresh_token', 'client_credentials'] })
  const redirect = await authorize(visitor, client.id)
  const issued = await token(app, {
    grant_type: 'authorization_code', code: paramsOf(redirect)['code']!, redirect_uri: CALLBACK, code_verifier: VERIFIER
  }, client.basic)
  const first = await login(app)
  const { access_token: bearer, refresh_token: refreshToken } = first.json<{ access_token: string, refresh_token: string }>()
  const answers = {
    redirect,
    formPost: await visitor.get(authorizeUrl(client.id, { response_mode: 'form_post' })),
    issued,
    proxyLogin: first,
    proxyRefresh: await app.inject({ method: 'POST', url: '/v1/clients/web/refresh', payload: { refresh_token: refreshToken } }),
    machine: await token(app, { grant_type: 'client_credentials' }, machine.basic),
    refused: await token(app, { grant_type: 'refresh_token', refresh_token: 'x' }, machine.basic),
    userinfo: await app.inject({
      url: '/v1/oauth/userinfo',
      headers: { authorization: `Bearer ${issued.json<{ access_token: string }>().access_token}` }
    }),
    introspection: await app.inject({
      method: 'POST', url: '/v1/oauth/introspect', headers: { authorization: machine.basic }, payload: { token: bearer }
    }),
    device: await app.inject({ method: 'POST', url: '/v1/oauth/device/code', payload: { client_id: tv.id } }),
    personal: await call(app, 'POST', 'personal-access-tokens', bearer, { name: 'Script' }),
    client: await call(app, 'POST', 'clients', bearer, { name: 'Mine', redirect_uris: [CALLBACK] })
  }
  for (const [name, { statusCode, headers }] of Object.entries(answers)) {
    t.ok(name === 'refused' ? statusCode === 400 : statusCode < 400, `${name}: ${statusCode}`)
    t.match(headers['cache-control'], /\bno-store\b/, name)
  }
})

t.test('RFC 6749 section 2.3.1: credentials in the query are neither accepted nor shown', async (t) => {
  const { app } = await build(t)
  await register(app)
  const client = await makeClient(app, { grantTypes: ['password', 'client_credentials'] })
  const secrets = new URLSearchParams({
    username: 'ada@example.com', email: 'ada@example.com', password: PASSWORD, client_id: client.id,
    client_secret: client.secret, grant_type: 'client_credentials', token: 'x'
  })
  const page = await visit(app).get(`/login?${secrets}`)
  t.equal(page.statusCode, 200)
  t.notMatch(page.body, /battery|lk_cs_/)
  t.notOk(page.cookies.some(({ name }) => name === 'latchkey'))
  for (const path of ['/v1/oauth/token', '/v1/oauth/introspect', '/v1/oauth/revoke', '/v1/oauth/device/code', '/v1/clients/web/login']) {
    const answer = await app.inject({
      method: 'POST', url: `${path}?${secrets}`, headers: { 'content-type': 'application/json' }, payload: {}
    })
    t.ok([400, 401, 422].includes(answer.statusCode), `${path}: ${answer.statusCode}`)
    t.notMatch(answer.body, /battery|lk_cs_|lk_rt_|eyJ[\w-]+\.eyJ/, path)
  }
  for (const path of ['/v1/oauth/token', '/v1/clients/web/login']) {
    t.equal((await app.inject(`${path}?${secrets}`)).statusCode, 404, `GET ${path}`)
  }
})

t.test('RFC 6750 section 2.3: a bearer token in the query is refused on every route that accepts one', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const { paths } = (await app.inject('/docs/json')).json<{ paths: Record<string, Record<string, { security?: object[] }>> }>()
  const guarded = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security = [] }]) => security.some((entry) => 'bearer' in entry)).map(([method]) => ({
        method: method.toUpperCase() as 'GET',
        path: path.replace(/\{\w+\}/g, 'x')
      }))
  )
  t.ok(guarded.length > 15, `${guarded.length} routes`)
  for (const { method, path } of guarded) {
    const answer = await app.inject({ method, url: `${path}?access_token=${bearer}` })
    t.match([answer.statusCode, answer.headers['www-authenticate']], [401, /^Bearer/], `${method} ${path}`)
  }
})

t.test("RFC 7239 section 6: an address forwarded by a proxy has one spelling, and a malformed one is replaced by the peer's", async (t) => {
  const { app } = await buildServer(
    { ...FAST, rateLimit: 'on', trustProxy: 1, logLevel: 'silent', databaseUrl: await createDatabase(t) },
    {}
  )
  t.teardown(() => app.close())
  await register(app)
  const spellings: [string, (index: number) => string][] = [
    ['a port', (index) => `198.51.100.2:${5000 + index}`],
    ['brackets', (index) => `[2001:db8:1::7]:${5000 + index}`],
    ['quotes', (index) => `"198.51.100.4:${5000 + index}"`],
    ['a zone', (index) => `fe80::7%eth${index}`],
    ['no address', (index) => `unknown-${index}`]
  ]
  for (const [what, spell] of spellings) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        app.inject({
          method: 'POST', url: '/v1/clients/web/login', headers: { 'x-forwarded-for': spell(index) },
          payload: { email: `${what.replace(' ', '-')}@example.com`, password: 'wrong' }
        }))
    )
    t.ok(answers.some(({ statusCode }) => statusCode === 429), what)
  }
})

for (const [trustProxy, expected] of [[undefined, '127.0.0.1'], [1, '203.0.113.7']] as const) {
  t.test(`RFC 9700 section 4.13: X-Forwarded headers are ${trustProxy ? 'trusted with TRUST_PROXY' : 'not trusted by default'}`, async (t) => {
    const { app } = await buildServer({
      ...FAST, logLevel: 'silent', databaseUrl: await createDatabase(t), ...(trustProxy && { trustProxy })
    }, {})
    t.teardown(() => app.close())
    await register(app)
    const headers = {
      'x-forwarded-for': '198.51.100.66, 203.0.113.7', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http',
      'x-real-ip': '198.51.100.66', forwarded: 'for=198.51.100.66;host=evil.example'
    }
    const answer = await app.inject({
      method: 'POST', url: '/v1/clients/web/login', headers, payload: { email: 'ada@example.com', password: PASSWORD }
    })
    t.equal(answer.statusCode, 200)
    t.equal((await (await internals(app).database.prisma()).session.findFirstOrThrow()).ip, expected)
    t.notMatch((await app.inject({ url: '/.well-known/openid-configuration', headers })).body, 'evil.example')
  })
}
