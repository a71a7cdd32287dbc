import fc from 'fast-check'
import t from 'tap'
import { build, makeClient, signedIn, token, type Tokens } from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

type Document = {
  paths: Record<
    string,
    Record<string, { requestBody?: { content: Record<string, { schema?: { properties?: Record<string, unknown> } }> } }>
  >
}

const STREAMS = ['/v1/oauth/revocations']

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.constantFrom(
    '',
    '\0',
    "' OR 1=1 --",
    '../../etc/passwd',
    '%00',
    '#{7*7}',
    '\ud800',
    'lk_rt_'.padEnd(102, 'A'),
    'e'.repeat(5000),
    '__proto__',
    '{"a":1}',
    '*',
    ' ',
    '\u202e'
  )
)
const value = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text, { maxKeys: 3 })
)

t.test('every route of the OpenAPI document answers any input without a 500', { timeout: 300_000 }, async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read' } })
  const { access_token: bearer } = await signedIn(app)
  const { basic } = await makeClient(app, { grantTypes: ['password', 'refresh_token', 'client_credentials', 'authorization_code'] })
  const machine = (await token(app, { grant_type: 'client_credentials' }, basic)).json<Tokens>().access_token
  const { paths } = (await app.inject('/docs/json')).json<Document>()
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => ({ path, method, requestBody }))
  )
  t.ok(routes.length >= 15, `${routes.length} routes`)

  for (const { path, method, requestBody } of routes) {
    if (STREAMS.includes(path)) continue
    const contents = requestBody?.content ?? {}
    const names = Object.values(contents).flatMap(({ schema }) => Object.keys(schema?.properties ?? {}))
    const body = fc.dictionary(names.length > 0 ? fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, text) : text, value, {
      maxKeys: 6
    })
    const kinds = fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-16',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/xml',
      ''
    )
    const payload = fc.oneof(
      body.map((json) => JSON.stringify(json)),
      body.map((json) =>
        new URLSearchParams(Object.entries(json).map(([key, entry]): [string, string] => [key, JSON.stringify(entry) ?? ''])).toString()
      ),
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    )
    const header = fc.string({ maxLength: 60 }).map((line) => line.replace(/[^\x20-\x7e]/g, ''))
    const authorization = fc.oneof(
      fc.constantFrom(
        undefined,
        `Bearer ${bearer}`,
        `Bearer ${machine}`,
        basic,
        'Basic',
        'Bearer',
        'Bearer a.b.c',
        'Basic ====',
        `Bearer ${bearer}x`
      ),
      header
    )

    await fc.assert(
      fc.asyncProperty(payload, kinds, authorization, header, header, text, async (sent, type, credentials, cookie, agent, parameter) => {
        const url = path.replace(/\{\w+\}/g, () => encodeURIComponent(parameter.toWellFormed()) || 'x')
        const response = await app.inject({
          method: method.toUpperCase() as 'GET',
          url,
          headers: {
            ...(type && { 'content-type': type }), ...(credentials !== undefined && { authorization: credentials }),
            cookie: `refreshToken=${cookie}; ${cookie}`, 'user-agent': agent, origin: internals(app).config.appUrl
          },
          ...(method !== 'get' && { payload: sent })
        })
        if (response.statusCode >= 500) throw new Error(`${method} ${url}: ${response.statusCode} ${response.body}`)
      }),
      { numRuns: 60 }
    )
  }
})
