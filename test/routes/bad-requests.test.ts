import { Readable } from 'node:stream'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { build, login, makeClient, PASSWORD, signedIn, type Tokens } from '../support/start-server.ts'

const { app, logs } = await build(t, { scopes: { read: 'Read' } })
await signedIn(app)
const { access_token: accessToken } = (await login(app, { email: 'ada@example.com', scope: 'openid' })).json<Tokens>()
const { basic } = await makeClient(app, { grantTypes: ['password', 'refresh_token', 'client_credentials'] })
const bearer = `Bearer ${accessToken}`

type Route = {
  url: string, method?: 'POST' | 'PATCH', authorization?: string, oauth?: boolean, body: Record<string, string>,
  ignoresBody?: boolean
}

/** Every route that takes a body, with one that is well-formed. */
const ROUTES: Route[] = [
  {
    url: '/v1/oauth/token', authorization: basic, oauth: true,
    body: { grant_type: 'password', username: 'ada@example.com', password: 'wrong', scope: 'read' }
  },
  { url: '/v1/oauth/revoke', authorization: basic, oauth: true, body: { token: 'x', token_type_hint: 'refresh_token' } },
  { url: '/v1/oauth/introspect', authorization: basic, oauth: true, body: { token: 'x', token_type_hint: 'refresh_token' } },
  { url: '/v1/clients/web/login', body: { email: 'ada@example.com', username: 'ada@example.com', password: 'wrong', scope: 'read' } },
  { url: '/v1/clients/web/refresh', body: { refresh_token: 'x', scope: 'read' } },
  { url: '/v1/clients/web/logout', body: { refresh_token: 'x' } },
  { url: '/v1/register', body: { email: 'ada@example.com', password: PASSWORD, name: 'Ada' } },
  { url: '/v1/profile/password', method: 'PATCH', authorization: bearer, body: { current_password: 'wrong', new_password: PASSWORD } },
  { url: '/v1/api/logout', authorization: bearer, body: {}, ignoresBody: true },
  { url: '/v1/logout', authorization: bearer, body: {}, ignoresBody: true },
  { url: '/v1/oauth/userinfo', authorization: bearer, body: {}, ignoresBody: true }
]

const send = (
  { url, method = 'POST', authorization }: Route,
  payload: string | Buffer | Readable,
  type: string | undefined,
  headers: Record<string, string> = {}
) =>
  app.inject({
    method, url, payload,
    headers: { ...(type !== undefined && { 'content-type': type }), ...(authorization && { authorization }), ...headers }
  })

/** 4xx in the form of the route, and nothing of the inside of the server. */
function refused (t: Test, response: LightMyRequestResponse, oauth: boolean, name: string, statuses: number[]): void {
  const shown = `${name}: ${response.statusCode} ${response.body.slice(0, 200)}`
  t.ok(statuses.includes(response.statusCode), shown)
  t.match(response.headers['content-type'], /^application\/json/, shown)
  t.notMatch(response.body, /prisma|postgres|node_modules|\.ts\b|stack/i, shown)
  const body = response.json<Record<string, unknown>>()
  if (oauth) {
    t.same(Object.keys(body), ['error', 'error_description'], shown)
    t.match(body['error_description'], /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/, shown)
    t.equal(response.headers['cache-control'], 'no-store', shown)
  } else {
    const { errors, ...rest } = body
    t.strictSame(Object.keys(rest).sort(), ['code', 'error', 'message', 'statusCode'], shown)
    t.match(rest, { statusCode: response.statusCode, code: /^(LK|FST)_[A-Z_]+$/, error: /^[A-Z]/, message: /\w/ }, shown)
    t.equal(errors !== undefined, response.statusCode === 422, shown)
    for (const messages of Object.values((errors ?? {}) as object)) {
      t.ok(Array.isArray(messages) && messages.every((text) => typeof text === 'string' && text !== ''), shown)
    }
  }
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
const deep = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`

/** Name, content type, body, status. */
const MALFORMED: [string, string | undefined, string | Buffer, number][] = [
  ['no JSON', JSON_TYPE, '{', 400],
  ['a form called JSON', JSON_TYPE, 'grant_type=password', 400],
  ['bytes that are not UTF-8', JSON_TYPE, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
  ['a raw NUL', JSON_TYPE, Buffer.from('{"password":"\0"}'), 400],
  ['an escaped NUL', JSON_TYPE, '{"password":"\\u0000","token":"\\u0000","refresh_token":"\\u0000"}', 400],
  ['half of a character', JSON_TYPE, '{"password":"\\ud800"}', 400],
  ['a member twice', JSON_TYPE, '{"password":"a","password":"b"}', 400],
  ['a prototype', JSON_TYPE, '{"__proto__":{"password":"x"}}', 400],
  ['a prototype by its constructor', JSON_TYPE, '{"constructor":{"prototype":{"password":"x"}}}', 400],
  ['deep nesting', JSON_TYPE, deep(10_000), 400],
  ['more than 64 KB of JSON', JSON_TYPE, JSON.stringify({ password: 'x'.repeat(70_000) }), 413],
  ['more than 64 KB of a form', FORM_TYPE, `password=${'x'.repeat(70_000)}`, 413],
  ['a form with a percent sign alone', FORM_TYPE, 'password=100%', 400],
  ['a form with bytes that are not UTF-8', FORM_TYPE, 'password=%FF', 400],
  ['a form with a NUL', FORM_TYPE, 'password=%00', 400],
  ['a form with a parameter twice', FORM_TYPE, 'a=1&a=2', 400],
  ['plain text', 'text/plain', '{"password":"x"}', 415],
  ['XML', 'application/xml', '<a/>', 415],
  ['a multipart form', 'multipart/form-data; boundary=x', '--x--', 415],
  ['no type', undefined, Buffer.from('{"password":"x"}'), 415],
  ['a type that is none', '////;;', '{}', 415]
]

for (const [name, type, payload, status] of MALFORMED) {
  t.test(`every route refuses ${name} with ${status}`, async (t) => {
    for (const route of ROUTES) refused(t, await send(route, payload, type), route.oauth ?? false, route.url, [status])
  })
}

t.test('a chunked body is limited to 64 KB, too', async (t) => {
  for (const route of ROUTES) {
    const chunks = Readable.from(Array.from({ length: 80 }, () => Buffer.alloc(1024, '[')))
    refused(t, await send(route, chunks, JSON_TYPE), route.oauth ?? false, route.url, [413])
  }
})

const SQL = [
  "' OR '1'='1", "'; DROP TABLE users; --", '" OR ""="', '1) UNION SELECT * FROM users --', '$1', '{{7*7}}',
  '%27%20OR%201=1', '../../etc/passwd'
]

t.test('a body that is not an object is refused', async (t) => {
  for (const route of ROUTES.filter(({ ignoresBody }) => !ignoresBody)) {
    for (const payload of ['[]', '[{"password":"x"}]', '"x"', '5', 'true']) {
      refused(t, await send(route, payload, JSON_TYPE), route.oauth ?? false, `${route.url} ${payload}`, [route.oauth ? 400 : 422])
    }
  }
})

t.test('a missing or null body is a missing credential', async (t) => {
  for (const route of ROUTES.filter(({ ignoresBody, url }) => !ignoresBody && !url.endsWith('/web/logout'))) {
    const expected = route.oauth ? [400] : route.url.endsWith('/refresh') ? [401] : [422]
    for (const payload of ['', 'null', '{}']) {
      refused(t, await send(route, payload, JSON_TYPE), route.oauth ?? false, `${route.url} ${JSON.stringify(payload)}`, expected)
    }
    refused(
      t,
      await app.inject({
        method: route.method ?? 'POST', url: route.url,
        headers: { ...(route.authorization && { authorization: route.authorization }) }
      }),
      route.oauth ?? false,
      `${route.url} without body`,
      expected
    )
  }
})

t.test('values of other types are not converted to strings', async (t) => {
  for (const route of ROUTES) {
    for (const field of Object.keys(route.body)) {
      for (const value of [5, true, null, ['x'], [['x']], { a: 'x' }, {}, []]) {
        const response = await send(route, JSON.stringify({ ...route.body, [field]: value }), JSON_TYPE)
        const name = `${route.url} ${field}: ${JSON.stringify(value)}`
        refused(t, response, route.oauth ?? false, name, [route.oauth ? 400 : 422])
        if (route.oauth) t.match(response.json(), { error: 'invalid_request', error_description: new RegExp(field) }, name)
        else t.same(Object.keys(response.json<{ errors: object }>().errors), [field], name)
      }
    }
  }
})

t.test('text with SQL or template syntax has no effect', async (t) => {
  for (const route of ROUTES.filter(({ oauth }) => oauth === undefined)) {
    for (const field of Object.keys(route.body)) {
      for (const text of SQL) {
        const response = await send(route, JSON.stringify({ ...route.body, [field]: text }), JSON_TYPE)
        if (route.url.endsWith('/web/logout')) t.equal(response.statusCode, 202)
        else refused(t, response, false, `${route.url} ${field}: ${text}`, [401, 422])
      }
    }
  }
  for (const text of SQL) {
    const answer = await send(ROUTES[0]!, new URLSearchParams({ ...ROUTES[0]!.body, username: text }).toString(), FORM_TYPE)
    t.match(answer.json(), { error: 'invalid_grant' }, text)
  }
})

/** Path, status. */
const URLS: [string, number][] = [
  ['/v1/clients/we%00b/login', 404],
  ['/v1/clients/WEB/login', 404],
  ['/v1/clients/web%20/login', 404],
  ['/v1/clients/%F0%9F%98%80/login', 404],
  ['/v1/clients/..%2Fweb/login', 404],
  ["/v1/clients/web'--/login", 404],
  [`/v1/clients/${'x'.repeat(99)}/login`, 404],
  [`/v1/clients/${'x'.repeat(5000)}/login`, 414],
  ['/v1/clients/__proto__/login', 404],
  ['/v1/clients/constructor/login', 404],
  ['/v1/clients/we%ZZb/login', 400],
  ['/v1/clients/we%FFb/login', 400]
]

t.test('malformed and unusual paths are 404, 414 or 400', async (t) => {
  for (const [url, status] of URLS) {
    refused(
      t,
      await send({ url, body: {} }, JSON.stringify({ email: 'ada@example.com', password: PASSWORD }), JSON_TYPE),
      false,
      url.slice(0, 60),
      [status]
    )
  }
})

const LINES = [
  '', ' ', ';', '=', ';;;=;', 'refreshToken', 'refreshToken=', '=refreshToken', 'refreshToken=%ZZ', 'refreshToken=%00',
  'refreshToken="', 'refreshToken=\xff', 'a=b; refreshToken', '__proto__=x', 'x'.repeat(8000), 'a=b;'.repeat(2000),
  "refreshToken=' OR 1=1 --", `refreshToken=lk_rt_${'A'.repeat(123)}`
]

t.test('malformed cookie headers are 401 at refresh and 202 at logout', async (t) => {
  for (const cookie of LINES) {
    const name = JSON.stringify(cookie.slice(0, 40))
    refused(t, await send({ url: '/v1/clients/web/refresh', body: {} }, '{}', JSON_TYPE, { cookie }), false, name, [401])
    t.equal((await send({ url: '/v1/clients/web/logout', body: {} }, '{}', JSON_TYPE, { cookie })).statusCode, 202, name)
  }
})

const AUTHORIZATIONS = [
  '', ' ', 'Bearer', 'Bearer ', 'Bearer  ', 'bearer x', 'Bearer a b', 'Bearer a,b', 'Bearer ..', 'Bearer a.b.c',
  'Bearer \xff', `Bearer ${accessToken}x`, `Bearer ${accessToken.slice(0, -1)}`, `Token ${accessToken}`, accessToken,
  `Bearer${accessToken}`, basic, 'Bearer null', `Bearer ${'x'.repeat(20_000)}`,
  `Bearer ${accessToken.split('.').slice(0, 2).join('.')}.`,
  `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${accessToken.split('.')[1]}.`
]

t.test('malformed Authorization headers are 401 with a challenge', async (t) => {
  for (const authorization of AUTHORIZATIONS) {
    for (const [method, url] of [
      ['GET', '/v1/profile'],
      ['PATCH', '/v1/profile/password'],
      ['POST', '/v1/api/logout'],
      ['POST', '/v1/logout'],
      ['GET', '/v1/oauth/userinfo']
    ] as const) {
      const response = await app.inject({ method, url, headers: { authorization } })
      const name = `${url} ${JSON.stringify(authorization.slice(0, 40))}`
      refused(t, response, false, name, [401])
      t.match(response.headers['www-authenticate'], /^Bearer realm="latchkey"/, name)
    }
  }
})

t.test('unusual values of other headers do not prevent a login', async (t) => {
  const odd: Record<string, string>[] = [
    { 'user-agent': 'x'.repeat(5000) },
    { 'user-agent': '\xff\xfe' },
    { 'user-agent': '' },
    { 'x-forwarded-for': 'not an address' },
    { accept: '*/*;q=nonsense' },
    { 'accept-language': '%00' },
    { 'content-type': 'application/json; charset=utf-8' },
    { 'content-type': 'APPLICATION/JSON' },
    { host: 'evil.example' },
    { 'x-http-method-override': 'DELETE' },
    { referer: 'javascript:alert(1)' }
  ]
  for (const headers of odd) {
    const response = await send(ROUTES[3]!, JSON.stringify({ email: 'ada@example.com', password: PASSWORD }), JSON_TYPE, headers)
    t.equal(response.statusCode, 200, JSON.stringify(headers).slice(0, 60))
  }
})

t.test('none of these requests caused a server error or was logged', async (t) => {
  t.notMatch(logs(), /"level":50/)
  t.notMatch(logs(), PASSWORD)
  t.notMatch(logs(), accessToken)
})
