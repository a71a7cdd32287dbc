import { once } from 'node:events'
import { request as send, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Type } from 'typebox'
import { EmailSchema, PhoneSchema, readyAttributes } from '../../src/schemas/identifiers.ts'
import { sharedServers } from '../support/shared-server.ts'
import {
  claimsOf, cookieOf, login, makeClient, PASSWORD, profile, register, signedIn, token, type Built,
  type Tokens
} from '../support/start-server.ts'
import { visit } from '../support/visitor.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

type App = Built['app']

const PROXY = { proxy: true, scopes: ['read'], defaultScopes: ['read'] }
const post = (
  app: App,
  payload: object | string,
  { slug = 'web', prefix = '', headers = {} }: { slug?: string, prefix?: string, headers?: Record<string, string> } = {}
) =>
  app.inject({
    method: 'POST', url: `${prefix}/v1/clients/${slug}/login`, payload,
    headers: { 'content-type': 'application/json', ...headers }
  })
const errorsOf = async (answer: ReturnType<typeof post>) => (await answer).json<{ errors?: Record<string, string[]> }>().errors
const WRONG = { statusCode: 401, code: 'LK_INVALID_CREDENTIALS', error: 'Unauthorized', message: 'Invalid credentials.' }

/** How many passwords were compared with a hash while `run` ran. */
async function verifications (app: App, run: () => Promise<unknown>): Promise<number> {
  const { passwords } = internals(app)
  const { verify } = passwords
  let count = 0
  passwords.verify = (...args) => { count++; return verify(...args) }
  await Promise.resolve(run()).finally(() => { passwords.verify = verify })
  return count
}

t.test('the token response is a flat object, and the refresh token is also set as a cookie', async (t) => {
  const { app } = await build(t)
  await register(app)
  const answer = await login(app)
  t.equal(answer.statusCode, 200)
  t.same(Object.keys(answer.json()), ['token_type', 'expires_in', 'access_token', 'refresh_token'])
  t.match(answer.headers, { 'cache-control': 'no-store', pragma: 'no-cache' })
  t.equal(cookieOf(answer)!.value, answer.json<Tokens>().refresh_token)
  const web = await internals(app).clients.findBySlug('web')
  t.match(claimsOf(answer.json<Tokens>().access_token), { client_id: web!.id })
})

t.test('a wrong password, an unknown user and a disabled user get the same answer', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  const { user } = await signedIn(app, { email: 'bob@example.com' })
  await internals(app).store.users.setDisabled(user.id, true)
  await register(app, { email: 'ada@example.com', username: 'ada' })
  for (const fields of [
    { email: 'ada@example.com', password: 'wrong' },
    { username: 'ada', password: 'wrong' },
    { email: 'nobody@example.com', password: PASSWORD },
    { username: 'nobody', password: PASSWORD },
    { email: 'bob@example.com', password: PASSWORD }
  ]) {
    const answer = await post(app, fields)
    t.strictSame(answer.json(), WRONG, JSON.stringify(fields))
    t.notOk(cookieOf(answer))
    t.notOk(answer.headers['www-authenticate'], 'no box of the browser')
  }
})

t.test('RFC 6819 section 4.4.3.6: each login is one password verification, for any user', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  await register(app, { email: 'ada@example.com', phone: '+491701234567', username: 'ada' })
  await register(app, { email: 'bob@example.com' })
  const table: [object, number, number][] = [
    [{ email: 'ada@example.com', password: PASSWORD }, 200, 1],
    [{ email: 'ada@example.com', password: 'wrong' }, 401, 1],
    [{ email: 'nobody@example.com', password: 'wrong' }, 401, 1],
    [{ username: 'nobody', password: 'wrong' }, 401, 1],
    [{ email: 'bob@example.com', phone: '+491701234567', password: 'wrong' }, 422, 0],
    [{ email: 'ada@example.com', username: 'ada', password: PASSWORD }, 422, 0],
    [{ email: 'not an address', password: 'x' }, 422, 0],
    [{ email: 'ada@example.com' }, 422, 0]
  ]
  for (const [body, status, expected] of table) {
    const count = await verifications(app, async () => { t.equal((await post(app, body)).statusCode, status, JSON.stringify(body)) })
    t.equal(count, expected, JSON.stringify(body))
  }
})

t.test('username matches any attribute; an attribute name matches that attribute only', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  await register(app, { email: 'ada@example.com', phone: '+49 170 1234567', username: 'ada' })
  const good: Record<string, string>[] = [
    { username: 'ada' },
    { username: 'ada@example.com' },
    { username: '+49 170 1234567' },
    { email: 'ada@example.com' },
    { phone: '+491701234567' }
  ]
  for (const fields of good) t.equal((await login(app, fields)).statusCode, 200, JSON.stringify(fields))
  for (const fields of [{ email: 'ada' }, { phone: 'ada@example.com' }, { email: '+491701234567' }, { username: '!' }]) {
    t.same(Object.keys((await errorsOf(post(app, { ...fields, password: PASSWORD })))!), Object.keys(fields), JSON.stringify(fields))
  }
})

t.test('a login with several login fields is 422, whether or not the first one exists', async (t) => {
  const attributes = { email: EmailSchema, phone: PhoneSchema }
  const { app } = await build(t, { login: { attributes } })
  const password = 'the password of bob, not of ada'
  await register(app, { email: 'ada@example.com' })
  await app.inject({ method: 'POST', url: '/v1/register', payload: { phone: '+491701234567', password } })
  const both = { phone: '+491701234567', email: 'ada@example.com' }
  const requests: Record<string, string>[] = [
    { ...both, password: PASSWORD },
    { ...both, password },
    { phone: '+491701234567', email: 'nobody@example.com', password },
    { phone: '+491701234567', email: 'no address', password },
    { ...both, username: 'x', password },
    { email: 'ada@example.com', username: 'ada@example.com', password: PASSWORD }
  ]
  for (const request of requests) {
    const { password: _password, ...fields } = request
    t.strictSame(
      await errorsOf(post(app, request)),
      Object.fromEntries(Object.keys(fields).map((name) => [name, ['send only one login field']])),
      JSON.stringify(request)
    )
  }
  t.equal((await post(app, { email: '', phone: '+491701234567', password })).statusCode, 200, 'what is empty counts as absent')

  const { app: prefixed } = await build(t, { login: { attributes, prefix: 'user.' } })
  t.strictSame(Object.keys((await errorsOf(post(prefixed, { user: { ...both }, password })))!), ['user.email', 'user.phone'])
})

t.test('the token endpoint and the login page accept exactly one login field, too', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  await register(app, { email: 'ada@example.com', username: 'ada' })
  const { basic } = await makeClient(app)
  for (const fields of [
    { email: 'ada@example.com', username: 'ada' },
    { email: 'nobody@example.com', username: 'ada' }
  ] as Record<string, string>[]) {
    const answer = await token(app, { grant_type: 'password', password: PASSWORD, ...fields }, basic)
    t.match([answer.statusCode, answer.json()], [400, {
      error: 'invalid_request',
      error_description: 'Send one of username, email: a login has one login field'
    }])
    const visitor = visit(app)
    const page = await visitor.submit(await visitor.get('/login'), { password: PASSWORD, ...fields })
    t.match([page.statusCode, visitor.cookies.has('latchkey')], [422, false])
  }
})

t.test('every spelling of an identifier logs in', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  await register(app, { email: 'A@B.co', phone: '+49 170 1234567', username: 'Ada' })
  await register(app, { email: 'x@bücher.example', phone: '+1234567890' })
  const spellings: Record<string, string>[] = [
    { email: 'a@b.co' },
    { email: ' A@B.CO ' },
    { email: 'ａ@ｂ.ｃｏ' },
    { email: 'a@b。co' },
    { username: 'A@b.Co' },
    { phone: '+491701234567' },
    { phone: '0049 (0)170 / 12 34 567' },
    { phone: '＋４９１７０１２３４５６７' },
    { username: '+49-170-1234567' },
    { username: 'ADA' },
    { username: ' ａｄａ ' },
    { email: 'X@BÜCHER.example' },
    { email: 'x@xn--bcher-kva.example' },
    { phone: '+1234567890' },
    { username: '+1234567890' },
    { phone: '+1 (234) 567-890' },
    { phone: '+491701234567\u200f' },
    { username: 'tel:+49\u2011170\u20111234567' },
    { phone: '+٤٩١٧٠١٢٣٤٥٦٧' }
  ]
  for (const fields of spellings) t.equal((await login(app, fields)).statusCode, 200, JSON.stringify(fields))
  for (const fields of [
    { email: 'a@b.co\u200b' },
    { username: 'a\u00adda' },
    { username: 'ada\u0007' },
    { username: 'а\u0501а' },
    { email: 'a\u202e@b.co' },
    { email: 'a@b.co/x' }
  ]) {
    t.equal((await login(app, fields)).statusCode, 422, JSON.stringify(fields))
  }
})

t.test('users can log in with a custom attribute', async (t) => {
  const { app } = await build(t, { login: { attributes: { employee: Type.String({ pattern: '^E[0-9]{6}$' }), email: EmailSchema } } })
  t.match((await register(app, { employee: 'E123456' })).json(), { employee: 'E123456' })
  for (const fields of [{ employee: 'E123456' }, { employee: 'e123456' }, { username: ' E123456' }]) {
    t.equal((await login(app, fields as Record<string, string>)).statusCode, 200, JSON.stringify(fields))
  }
  t.same(await errorsOf(post(app, { employee: 'E12', password: PASSWORD })), { employee: ['must be an employee that matches ^E[0-9]{6}$'] })
})

t.test('all missing fields are reported at once, with the messages of Apiato', async (t) => {
  const { app } = await build(t)
  const { app: two } = await build(t, { login: { attributes: { email: EmailSchema, phone: PhoneSchema } } })
  const email = ['The email field is required.']
  const password = ['The password field is required.']
  t.strictSame(await errorsOf(post(app, {})), { email, password })
  t.strictSame(await errorsOf(post(app, { password: PASSWORD })), { email })
  t.strictSame(await errorsOf(post(app, { email: '', password: '' })), { email, password })
  t.strictSame(await errorsOf(post(app, { email: 'ada@example.com' })), { password })
  t.strictSame(
    await errorsOf(post(app, { phone: '+491701234567', password: PASSWORD })),
    { email },
    'what is no attribute here does not count'
  )
  t.strictSame(await errorsOf(post(two, { password: PASSWORD })), {
    email: ['The email field is required when none of phone are present.'],
    phone: ['The phone field is required when none of email are present.']
  })
  t.strictSame(await errorsOf(post(app, { email: 'nope' })), { email: ['must be an e-mail address'], password })
})

t.test('a prefix is put before each field name, also in errors', async (t) => {
  const { app } = await build(t, { login: { prefix: 'login_' } })
  await register(app)
  for (const body of [{ login_email: 'ada@example.com' }, { login_username: 'ada@example.com' }]) {
    t.equal((await post(app, { ...body, password: PASSWORD })).statusCode, 200)
  }
  t.same(await errorsOf(post(app, { email: 'ada@example.com', password: PASSWORD })), { login_email: ['The email field is required.'] })
  t.same(await errorsOf(post(app, { login_email: 5, password: PASSWORD })), { login_email: ['must be string'] })
})

t.test('a prefix with a dot reads nested fields', async (t) => {
  const { app } = await build(t, { login: { prefix: 'user.' } })
  await register(app)
  for (const user of [{ email: 'ada@example.com' }, { username: 'ada@example.com' }]) {
    t.equal((await post(app, { user, password: PASSWORD })).statusCode, 200)
  }
  for (const user of [undefined, null, 'ada@example.com', ['ada@example.com'], { email: '' }]) {
    t.same(await errorsOf(post(app, { user, password: PASSWORD })), { 'user.email': ['The email field is required.'] })
  }
  for (const email of [5, null, ['ada@example.com'], { a: 1 }]) {
    t.same(await errorsOf(post(app, { user: { email }, password: PASSWORD })), { 'user.email': ['must be an e-mail address'] })
  }
})

t.test('a slug without a proxy is 404, whatever is sent', async (t) => {
  const { app } = await build(t)
  await register(app)
  await makeClient(app, { slug: 'backend' })
  const gone = await makeClient(app, { slug: 'gone', ...PROXY })
  await internals(app).store.clients.revoke(gone.id)
  for (const slug of ['unknown', 'backend', 'gone', 'personal-access', 'WEB', gone.id]) {
    for (const payload of [{ email: 'ada@example.com', password: PASSWORD }, {}]) {
      t.match((await post(app, payload, { slug })).json(), { statusCode: 404, code: 'LK_NO_SUCH_CLIENT', error: 'Not Found' }, slug)
    }
  }
})

t.test('RFC 9700 section 2.4: with PASSWORD_GRANT=off there are no client proxies', async (t) => {
  const { app } = await build(t, { passwordGrant: 'off' })
  await register(app)
  for (const action of ['login', 'refresh', 'logout']) {
    t.equal((await app.inject({ method: 'POST', url: `/v1/clients/web/${action}`, payload: {} })).statusCode, 404, action)
  }
})

t.test("the request cannot change the client, the grant or the client's scopes", async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read', write: 'Write' } })
  const spa = await makeClient(app, { slug: 'spa', ...PROXY })
  const other = await makeClient(app, { scopes: ['*'], grantTypes: ['password', 'refresh_token', 'client_credentials'] })
  const { user } = await signedIn(app)
  const meddled = await post(app, {
    email: 'ada@example.com',
    password: PASSWORD,
    client_id: other.id,
    client_secret: other.secret,
    grant_type: 'client_credentials',
    client: 'web',
    firstParty: true,
    sub: 'x',
    refresh_token: 'x'
  }, { slug: 'spa', headers: { authorization: other.basic } })
  t.match(claimsOf(meddled.json<Tokens>().access_token), { client_id: spa.id, sub: user.id, scope: 'read' })
  t.equal((await post(app, { email: 'ada@example.com', password: PASSWORD, scope: 'read' }, { slug: 'spa' })).json<Tokens>().scope, 'read')
  for (const scope of ['write', '*', 'read write', 'revocations:read', 'magic']) {
    const answer = await post(app, { email: 'ada@example.com', password: PASSWORD, scope }, { slug: 'spa' })
    t.equal(answer.statusCode, 422)
    t.match(answer.json(), { code: 'LK_VALIDATION', errors: { scope: [/scope/] } }, scope)
  }
  t.notMatch((await login(app)).json(), { scope: /\*/ }, 'web gets its defaults, never *')
})

t.test('a client that may not use the password grant is a server error', async (t) => {
  const { app, logs } = await build(t)
  await register(app)
  await makeClient(app, { slug: 'broken', ...PROXY, grantTypes: ['refresh_token'] })
  await makeClient(app, { slug: 'foreign', ...PROXY, firstParty: false })
  await makeClient(app, { slug: 'open', ...PROXY, authMethod: 'none' })
  for (const slug of ['broken', 'foreign', 'open']) {
    t.match((await post(app, { email: 'ada@example.com', password: PASSWORD }, { slug })).json(), {
      statusCode: 500, code: 'LK_MISCONFIGURED', error: 'Internal Server Error'
    }, slug)
  }
  t.match(logs(), /"level":50.*may not use the grant type password/)
})

t.test('the cookie is sent only to the routes of its client', async (t) => {
  const attributesOf = (header: string) => header.split('; ').slice(1).sort()
  const { app } = await build(t)
  await register(app)
  t.same(attributesOf(cookieOf(await login(app))!.header), ['HttpOnly', 'Max-Age=2592000', 'Path=/v1/clients/web', 'SameSite=Lax'])
  t.same(
    attributesOf(cookieOf(await login(app, undefined, 'mobile'))!.header),
    ['HttpOnly', 'Max-Age=2592000', 'Path=/v1/clients/mobile', 'SameSite=Lax']
  )

  const { app: mounted } = await build(t, { appUrl: 'https://example.com/id', prefix: '/auth', refreshTokenTtl: 600, sessionTtl: 300 })
  await mounted.inject({ method: 'POST', url: '/auth/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  const answer = await post(mounted, { email: 'ada@example.com', password: PASSWORD }, { prefix: '/auth' })
  t.same(
    attributesOf(cookieOf(answer)!.header),
    ['HttpOnly', 'Max-Age=300', 'Path=/id/auth/v1/clients/web', 'SameSite=Lax', 'Secure'],
    'the nearer end of the session'
  )
})

t.test('with refreshTokenInBody off the refresh token is only in the cookie', async (t) => {
  const { app } = await build(t)
  await register(app)
  await makeClient(app, { slug: 'spa', proxy: true, refreshTokenInBody: false })
  const answer = await login(app, undefined, 'spa')
  t.same(Object.keys(answer.json()), ['token_type', 'expires_in', 'access_token'])
  t.match(cookieOf(answer)!.value, /^lk_rt_/)
})

t.test('a login from a page of another site is refused', async (t) => {
  const { app } = await build(t, { appUrl: 'https://id.example.com', corsOrigins: ['https://app.example.com'] })
  const { access_token: accessToken } = await signedIn(app)
  t.equal((await profile(app, accessToken)).statusCode, 200)
  const table: [Record<string, string>, number][] = [
    [{}, 200],
    [{ origin: 'https://id.example.com' }, 200],
    [{ origin: 'https://app.example.com' }, 200],
    [{ origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' }, 200],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
    [{ origin: 'https://id.example.com', 'sec-fetch-site': 'same-origin' }, 200],
    // A browser sets it, a page cannot: the same site under another name
    [{ origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: 'http://192.168.1.20:8080', host: '192.168.1.20:8080', 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'https://other.example.com', 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: '' }, 403],
    [{ origin: 'http://id.example.com' }, 403],
    [{ origin: 'https://id.example.com:8443' }, 403],
    [{ origin: 'https://id.example.com.evil.example' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'https://id.example.com, https://evil.example' }, 403]
  ]
  for (const [headers, status] of table) {
    const answer = await post(app, { email: 'ada@example.com', password: PASSWORD }, { headers })
    t.equal(answer.statusCode, status, JSON.stringify(headers))
    if (status === 403) {
      t.match(
        [answer.json(), cookieOf(answer)],
        [{ code: 'LK_FOREIGN_ORIGIN', message: /CORS_ORIGINS/ }, undefined],
        JSON.stringify(headers)
      )
    }
  }
})

t.test('a form of another site is refused because of its content type', async (t) => {
  const { app } = await build(t)
  await register(app)
  const form = `email=ada%40example.com&password=${encodeURIComponent(PASSWORD)}`
  for (const type of [
    'application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded; charset=utf-8'
  ]) {
    for (const payload of [form, JSON.stringify({ email: 'ada@example.com', password: PASSWORD }), '']) {
      const answer = await post(app, payload, { headers: { 'content-type': type } })
      t.notOk(cookieOf(answer), `${type} ${payload}`)
      t.ok([415, 400, 422].includes(answer.statusCode), `${type}: ${answer.statusCode}`)
    }
  }
  t.match((await post(app, form, { headers: { 'content-type': 'application/x-www-form-urlencoded' } })).json(), {
    statusCode: 415,
    code: 'LK_JSON_ONLY'
  })
})

t.test('a login over the limit is 429 with Retry-After, before the body is read', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  await register(app)
  let answer = await post(app, { email: 'ada@example.com', password: 'wrong' })
  for (let i = 0; i < 70 && answer.statusCode === 401; i++) answer = await post(app, { email: 'ada@example.com', password: 'wrong' })
  t.match(answer.json(), { statusCode: 429, code: /^LK_TOO_MANY_/, error: 'Too Many Requests', message: /try again/ })
  t.ok(Number(answer.headers['retry-after']) >= 1, String(answer.headers['retry-after']))
  t.notOk(cookieOf(answer))
})

t.test('a full queue of password hashes is 503 with Retry-After, not 401', async (t) => {
  const { app } = await build(t, { passwords: { memoryCost: 64, timeCost: 1, maxQueue: 0 } })
  await register(app)
  const answers = await Promise.all(Array.from({ length: 60 }, () => login(app)))
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))].sort(), [200, 503])
  const refused = answers.find(({ statusCode }) => statusCode === 503)!
  t.match(refused.json(), { code: 'LK_OVERLOADED', error: 'Service Unavailable' })
  t.equal(refused.headers['retry-after'], '1')
  t.equal((await login(app)).statusCode, 200, 'afterwards all is well')
})

t.test('neither the password nor tokens are in the log', async (t) => {
  const { app, logs } = await build(t)
  await register(app)
  const tokens = (await login(app)).json<Tokens>()
  await post(app, { email: 'ada@example.com', password: 'a wrong password' })
  for (const secret of [PASSWORD, 'a wrong password', tokens.access_token, tokens.refresh_token]) t.notOk(logs().includes(secret))
})

t.test('a client that the configuration names must exist, with that secret', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { id, secret } = await makeClient(app)
  const wrong: [{ id: string, secret?: string }, RegExp][] = [
    [{ id: 'lk_client_unknown' }, /^clients\.web\.id .*`npx latchkey clients`/],
    [{ id, secret: `${secret}x` }, /^clients\.web\.secret is not the secret/]
  ]
  for (const [web, message] of wrong) {
    await t.rejects(build(t, { databaseUrl, clients: { web } }), { name: 'ConfigError', message })
    await build(t, { databaseUrl, clients: { web } }).catch((error: Error) => t.notOk(error.message.includes(secret)))
  }
  const { app: other } = await build(t, { databaseUrl, clients: { web: { id, secret } } })
  await register(other)
  t.equal(claimsOf((await login(other)).json<Tokens>().access_token)['client_id'], id)
})

t.test('a login over a Unix socket, where the peer has no address, works', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  await register(app)
  const socketPath = join(tmpdir(), `latchkey-${process.pid}.sock`)
  await app.listen({ path: socketPath })
  const call = send({ socketPath, method: 'POST', path: '/v1/clients/web/login', headers: { 'content-type': 'application/json' } })
  call.end(JSON.stringify({ email: 'ada@example.com', password: PASSWORD }))
  const [answer] = await once(call, 'response') as [IncomingMessage]
  answer.resume()
  t.equal(answer.statusCode, 200)
})
