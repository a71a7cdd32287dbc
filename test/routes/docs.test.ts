import addFormats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import { sharedServers } from '../support/shared-server.ts'

const build = sharedServers(t)

type Schema = { $ref?: string, examples?: unknown[], properties?: Record<string, Schema>, [keyword: string]: unknown }
type Media = { schema: Schema, example?: unknown }
type Operation = {
  operationId?: string, tags?: string[], summary?: string, security?: Record<string, string[]>[]
  parameters?: { name: string, in: string, required?: boolean, schema?: Schema }[]
  requestBody?: { content: Record<string, Media> }
  responses?: Record<string, { description?: string, content?: Record<string, Partial<Media>> }>
}
type Document = {
  openapi: string, info: { title: string, version: string }, servers: { url: string }[], paths: Record<string, Record<string, Operation>>
  components: { securitySchemes: Record<string, { type: string }>, schemas?: Record<string, Schema> }
}

const send = async () => {}
const { app } = await build(t, { scopes: { read: 'Read' }, login: { attributes: readyAttributes }, mail: { send }, sms: { send, countries: ['DE'] } })
const answer = await app.inject('/docs/json')
const document = answer.json<Document>()
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation, name: `${method.toUpperCase()} ${path}` }))
)

/** Every schema in a value, wherever it stands. */
function schemasIn (value: unknown): Schema[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, child]) => key === 'examples' || key === 'example' ? [] : schemasIn(child))
  return 'schema' in value && typeof value.schema === 'object' ? [value.schema as Schema, ...inner] : inner
}

/** The schema and what is within it. */
function withParts (schema: Schema): Schema[] {
  const parts = Object.entries(schema).flatMap(([keyword, value]) =>
    keyword === 'properties' || keyword === 'patternProperties'
      ? Object.values(value as Record<string, Schema>)
      : ['items', 'additionalProperties'].includes(keyword) && typeof value === 'object'
          ? [value as Schema]
          : ['anyOf', 'oneOf', 'allOf'].includes(keyword)
              ? value as Schema[]
              : []
  )
  return [schema, ...parts.flatMap(withParts)]
}

t.test('the document is OpenAPI 3.1', async (t) => {
  t.equal(answer.statusCode, 200)
  t.match(answer.headers['content-type'], /^application\/json/)
  t.match(document, {
    openapi: /^3\.1\.\d+$/, info: { title: 'Latchkey', version: /^\d+\.\d+\.\d+/ },
    servers: [{ url: 'http://localhost:3000' }]
  })
  const known = ['openapi', 'info', 'jsonSchemaDialect', 'servers', 'paths', 'webhooks', 'components', 'security', 'tags', 'externalDocs']
  t.same(Object.keys(document).filter((key) => !known.includes(key)), [])
  const references = JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)
  for (const [, reference] of references) {
    const target = reference!.slice(2).split('/').reduce<unknown>(
      (value, step) => (value as Record<string, unknown> | undefined)?.[step.replaceAll('~1', '/')],
      document
    )
    t.ok(reference!.startsWith('#/') && target, reference!)
  }
})

t.test('the document has every route, under the path that is served', async (t) => {
  const expected = [
    'GET /v1/oauth/authorize',
    'POST /v1/oauth/authorize',
    'DELETE /v1/oauth/authorize',
    'GET /v1/oauth/logout',
    'POST /v1/oauth/logout',
    'GET /login',
    'POST /login',
    'GET /register',
    'POST /register',
    'GET /logout',
    'POST /logout',
    'GET /account',
    'POST /account/sessions/end',
    'GET /account/sessions/end',
    'POST /account/sessions/end-others',
    'POST /account/apps/end',
    'POST /account/tokens/end',
    'POST /account/tokens',
    'GET /account/tokens/{id}',
    'GET /device',
    'POST /device',
    'GET /v1/oauth/device',
    'GET /.well-known/openid-configuration',
    'GET /.well-known/oauth-authorization-server',
    'GET /.well-known/oauth-protected-resource',
    'POST /v1/oauth/token',
    'POST /v1/oauth/revoke',
    'POST /v1/oauth/introspect',
    'POST /v1/clients/{client}/login',
    'POST /v1/clients/{client}/refresh',
    'POST /v1/clients/{client}/logout',
    'POST /v1/register',
    'GET /v1/profile',
    'GET /v1/profile/history',
    'GET /v1/profile/export',
    'GET /account/data',
    'GET /account/data/export',
    'GET /account/profile',
    'POST /account/profile',
    'POST /account/profile/login',
    'GET /account/security',
    'POST /account/security/password',
    'PATCH /v1/profile/password',
    'POST /v1/api/logout',
    'POST /v1/oauth/device/code',
    'GET /v1/oauth/tokens',
    'DELETE /v1/oauth/tokens',
    'DELETE /v1/oauth/tokens/{id}',
    'GET /v1/oauth/clients',
    'POST /v1/oauth/clients',
    'PUT /v1/oauth/clients/{id}',
    'DELETE /v1/oauth/clients/{id}',
    'POST /v1/oauth/clients/{id}/secret',
    'GET /v1/oauth/scopes',
    'GET /v1/oauth/personal-access-tokens',
    'POST /v1/oauth/personal-access-tokens',
    'DELETE /v1/oauth/personal-access-tokens/{id}',
    'PATCH /v1/profile',
    'POST /v1/logout',
    'GET /.well-known/jwks.json',
    'GET /health',
    'GET /ready',
    'GET /metrics'
  ]
  const names = operations.map(({ name }) => name)
  t.same(expected.filter((name) => !names.includes(name)), [])
  t.same(names.filter((name) => /^(HEAD|OPTIONS)|\/docs/.test(name)), [])
  for (const { path, method, name } of operations) {
    t.ok(app.hasRoute({ method: method.toUpperCase() as 'GET', url: path.replace(/\{(\w+)\}/g, ':$1') }), name)
  }
})

for (const { name, path, operation } of operations) {
  t.test(`${name} has a summary, its parameters and its answers`, async (t) => {
    const { tags, summary, responses = {}, parameters = [], requestBody, security } = operation
    t.ok(tags?.length === 1 && tags[0], 'one tag')
    t.match(summary, /^[A-Z].*[^.]$/)
    t.ok(Object.keys(responses).some((status) => /^[23]\d\d$/.test(status)), 'an answer that is no error')
    for (const [status, response] of Object.entries(responses)) {
      t.match(status, /^([1-5]\d\d|default)$/)
      t.equal(typeof response.description, 'string', `${status} has a description`)
      if (Number(status) >= 400 && !path.startsWith('/ready')) {
        t.match(
          Object.values(response.content ?? {})[0]?.schema,
          { $ref: /^#\/components\/schemas\/Latchkey(OAuth)?Error$/ },
          `${status} names the form of the error`
        )
      }
    }
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
    t.same(parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name), inPath)
    t.ok(parameters.every((parameter) => parameter.in !== 'path' || parameter.required === true))
    if (requestBody) t.ok(responses['400'], 'a body that cannot be read is 400')
    for (const scheme of (security ?? []).flatMap((entry) => Object.keys(entry))) {
      t.ok(scheme in document.components.securitySchemes, scheme)
    }
  })
}

t.test('the schemas of errors are defined once, so that generated clients have one type for each', async (t) => {
  t.match(document.components.schemas, {
    LatchkeyError: { properties: { statusCode: {}, code: {}, message: {}, errors: {} } },
    LatchkeyOAuthError: { properties: { error: {}, error_description: {} } }
  })
  t.equal(Object.keys(document.components.schemas!).length, 2)
  t.notMatch(JSON.stringify(document.paths), '"Latchkey')
})

t.test('operation ids are unique', async (t) => {
  const ids = operations.flatMap(({ operation }) => operation.operationId ?? [])
  t.equal(new Set(ids).size, ids.length)
})

t.test('exactly the routes that require a bearer token say so', async (t) => {
  let guarded = 0
  for (const { path, method, operation, name } of operations) {
    const bare = await app.inject({ method: method.toUpperCase() as 'GET', url: path.replace(/\{\w+\}/g, 'web') })
    const asks = /^Bearer realm="latchkey"/.test(String(bare.headers['www-authenticate'] ?? ''))
    // One of several says that a request without a token is served, too
    const isRequired = (operation.security ?? []).every((entry) => Object.keys(entry).length > 0)
    const says = isRequired && (operation.security ?? []).some((entry) => 'bearer' in entry)
    t.equal(says, asks, name)
    if (asks) t.ok(operation.responses?.['401'] && operation.responses['403'], `${name} shows 401 and 403`)
    if (asks) guarded++
  }
  t.ok(guarded >= 4)
  for (const path of ['/v1/oauth/token', '/v1/oauth/revoke', '/v1/oauth/introspect']) {
    const { security, requestBody } = document.paths[path]!['post']!
    t.ok(security?.some((entry) => 'client' in entry), `${path}: the client authenticates`)
    t.same(Object.keys(requestBody!.content).sort(), ['application/json', 'application/x-www-form-urlencoded'], path)
  }
})

t.test('schemas are JSON Schema 2020-12, and their examples are valid', async (t) => {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const schemas = [...schemasIn(document.paths).filter(({ $ref }) => $ref === undefined), ...Object.values(document.components.schemas!)]
  t.ok(schemas.length > 40)
  let examples = 0
  for (const schema of schemas.flatMap(withParts)) {
    t.ok(ajv.validateSchema(schema), JSON.stringify(ajv.errors ?? ''))
    t.notOk('normalizer' in schema || 'env' in schema, 'nothing of the inside')
    const validate = ajv.compile(schema)
    // A server that is kept from its work for a second turns requests away
    await new Promise(setImmediate)
    for (const example of schema.examples ?? []) {
      t.ok(validate(example), `${JSON.stringify(example)}: ${JSON.stringify(validate.errors)}`)
      examples++
    }
  }
  t.ok(examples > 40, `${examples} examples`)
})

t.test('every body and every answer with data has an example', async (t) => {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  for (const { name, operation: { requestBody, responses } } of operations) {
    for (const { schema, example } of Object.values(requestBody?.content ?? {})) {
      const shown = example ??
        Object.fromEntries(Object.entries(schema.properties ?? {}).map(([field, { examples }]) => [field, examples?.[0]]))
      t.ok(Object.values(shown as object).every((value) => value !== undefined), `${name}: ${JSON.stringify(shown)}`)
      t.ok(ajv.validate(schema, shown), `${name}: ${JSON.stringify(shown)}`)
    }
    for (const { schema, example } of Object.values(responses?.['200']?.content ?? {})) {
      if (schema?.['type'] !== 'object' || /\/(health|ready)$/.test(name)) continue
      t.ok(example !== undefined || withParts(schema).some(({ examples }) => examples), `${name}: the answer`)
      if (example !== undefined) t.ok(ajv.validate(schema, example), `${name}: ${JSON.stringify(example)}`)
    }
  }
})

t.test('login bodies show the configured attributes, and which fields are required', async (t) => {
  const { properties, required } = document.paths['/v1/clients/{client}/login']!['post']!.requestBody!.content['application/json']!.schema
  t.same(Object.keys(properties!).sort(), ['email', 'password', 'phone', 'scope', 'username'])
  t.same(required, ['password'])
})

t.test('the page follows its Content-Security-Policy: its own files, nothing inline', async (t) => {
  // One that has not seen this process compile all those schemas: it would be overloaded yet
  const { app } = await build(t)
  for (const path of ['/docs', '/docs/']) {
    const page = await app.inject(path)
    t.match([page.statusCode, page.headers['content-type']], [200, /^text\/html/], path)
    const csp = Object.fromEntries(
      String(page.headers['content-security-policy'])
        .split(';')
        .map((directive) => directive.trim().split(/\s+/))
        .map(([name, ...values]) => [name, values])
    )
    t.match(csp, { 'default-src': ["'self'"], 'object-src': ["'none'"], 'frame-ancestors': ["'self'"] })
    t.notOk('upgrade-insecure-requests' in csp, 'plain http stays plain http')
    t.notOk(JSON.stringify(csp).includes('unsafe'))
    t.same(page.body.match(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/g), null)
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!)
    t.ok(files.some((file) => file.endsWith('.js')) && files.some((file) => file.endsWith('.css')))
    for (const file of files) {
      const { host, pathname } = new URL(file, `http://localhost:3000${path}`)
      t.equal(host, 'localhost:3000')
      t.equal((await app.inject(pathname)).statusCode, 200, pathname)
    }
  }
  const { body: initializer } = await app.inject('/docs/static/swagger-initializer.js')
  t.match(initializer, /\.\/json|\/docs\/json/)
  t.match(initializer, /"validatorUrl":null/, 'nothing is sent to a third party')
})

t.test('over https the page requests its files over https; a prefix applies to all of its paths', async (t) => {
  const { app } = await build(t, { appUrl: 'https://id.example.com', prefix: '/auth' })
  const page = await app.inject('/auth/docs/')
  t.match(page.headers['content-security-policy'], /upgrade-insecure-requests/)
  const moved = (await app.inject('/auth/docs/json')).json<Document>()
  t.same(moved.servers, [{ url: 'https://id.example.com' }])
  t.ok(Object.keys(moved.paths).every((path) => path.startsWith('/auth/')), Object.keys(moved.paths).join(' '))
})

t.test('an unknown file is 404, and HEAD has no body', async (t) => {
  const { app } = await build(t)
  const [none, head] = [await app.inject('/docs/static/none.js'), await app.inject({ method: 'HEAD', url: '/docs' })]
  t.match([none.statusCode, none.json()], [404, {
    statusCode: 404, code: 'LK_NOT_FOUND', message: 'There is no /docs/static/none.js; see /docs'
  }])
  t.match([head.statusCode, head.headers['content-type'], head.body], [200, /^text\/html/, ''])
})
