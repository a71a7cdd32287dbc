import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { authGuard, clientProxy, latchkey } from '../../src/index.ts'
import type { Document } from '../../plugins/operations/openapi/security.ts'
import { createDatabase, FAST } from '../support/start-server.ts'
import { lintErrors } from '../support/lint-openapi.ts'

type Operation = {
  operationId?: string, tags?: string[], security?: Record<string, string[]>[],
  parameters?: { name: string, in: string }[]
}
type Made = Omit<Document, 'paths'> & { paths: Record<string, Record<string, Operation>> }

const info = { title: 'Host', version: '1', license: { name: 'MIT', url: 'https://example.com/license' } }
const own = { type: 'apiKey', in: 'header', name: 'x-key' }
const VERSIONS = {
  'OpenAPI 3.1': { openapi: { openapi: '3.1.0', info, servers: [{ url: 'https://app.test' }], components: { securitySchemes: { own } } } },
  'OpenAPI 3.0': { openapi: { openapi: '3.0.3', info, servers: [{ url: 'https://app.test' }], components: { securitySchemes: { own } } } },
  'OpenAPI 3.1 without schemes': { openapi: { openapi: '3.1.0', info, servers: [{ url: 'https://app.test' }] } },
  'Swagger 2': { swagger: { info, host: 'app.test', securityDefinitions: { own } } },
  'Swagger 2 without schemes': { swagger: { info, host: 'app.test' } }
}
const answer = (summary: string, more: object = {}) => ({
  schema: {
    summary, operationId: summary.replaceAll(' ', ''), security: [],
    response: { 200: { type: 'object', properties: { a: { type: 'string' } } }, 400: { type: 'string', description: 'No' } }, ...more
  }
})
const without = (key: string, { schema: { [key as 'security']: _left, ...schema } }: ReturnType<typeof answer>) => ({ schema })

/** A host whose document is like that, with routes of its own, guarded ones among them. */
async function hostWith (
  t: Test,
  options: object,
  { first = true, ours = {}, register = latchkey }: { first?: boolean, ours?: object, register?: unknown } = {}
): Promise<FastifyInstance> {
  const host = Fastify({ pluginTimeout: 60_000 })
  t.teardown(() => host.close())
  const document = async () => { await host.register(swagger, structuredClone(options) as object) }
  host.addSchema({ $id: 'SecretOfTheHost', type: 'object', properties: { a: { type: 'string' } } })
  if (first) await document()
  await host.register(register as typeof latchkey, ours)
  if (!first) await document()
  host.get('/open', answer('open'), async () => ({ a: 'x' }))
  host.get(
    '/orders',
    { onRequest: host.authGuard('api', { scopes: ['orders:read'] }), ...without('security', answer('orders')) },
    async () => ({ a: 'x' })
  )
  host.get(
    '/late',
    { preHandler: host.authGuard('api', { anyScope: ['orders:read'] }), ...without('security', answer('late')) },
    async () => ({ a: 'x' })
  )
  host.get('/said', { onRequest: host.authGuard('api'), ...answer('said', { security: [] }) }, async () => ({ a: 'x' }))
  await host.ready()
  return host
}

const made = (host: FastifyInstance) => JSON.parse(JSON.stringify(host.swagger())) as Made
const schemesOf = ({ components, securityDefinitions }: Made) => components?.securitySchemes ?? securityDefinitions ?? {}
const oursIn = ({ paths }: Made) => Object.keys(paths).filter((path) => path.startsWith('/auth/'))

for (const [version, options] of Object.entries(VERSIONS)) {
  for (const first of [true, false]) {
    for (const hostDocument of [true, false]) {
      t.test(`${version}, registered ${first ? 'before' : 'after'}, our routes ${hostDocument ? 'included' : 'not included'}: both documents are valid and separate`, async (t) => {
        const before = JSON.stringify(options)
        const host = await hostWith(t, options, {
          first,
          ours: { ...FAST, databaseUrl: await createDatabase(t), prefix: '/auth', hostDocument }
        })
        const document = made(host)
        t.equal(JSON.stringify(options), before)
        // The linter keeps the process busy, which would then turn requests away
        const docs = await host.inject('/auth/docs/json')
        t.equal((await host.inject('/auth/docs/')).statusCode, 200)
        t.same(await lintErrors(document), [])
        t.match(document.paths['/open']!['get'], { operationId: 'open', security: [] })
        const scopes = version.startsWith('OpenAPI 3.1') ? ['orders:read'] : []
        for (const path of ['/orders', '/late']) t.same(document.paths[path]!['get']!.security, [{ bearer: scopes }], path)
        t.same(document.paths['/said']!['get']!.security, [])
        const schemes = schemesOf(document)
        if (!version.includes('without')) t.same(schemes['own'], own)
        for (const name of Object.values(document.paths).flatMap((path) => Object.values(path)).flatMap(({ security = [] }) =>
          security.flatMap((group) => Object.keys(group))
        )) t.ok(schemes[name], name)
        t.notOk(JSON.stringify(document).includes('x-latchkey'))
        t.equal(oursIn(document).length > 30, hostDocument, oursIn(document).join(' '))
        if (hostDocument) t.match(document.paths['/auth/v1/profile']!['get'], { operationId: 'latchkeyGetProfile', tags: ['Latchkey'] })
        const yaml = parse(host.swagger({ yaml: true })) as Made
        t.same(yaml, document)

        t.equal(docs.statusCode, 200)
        t.same(Object.keys(docs.json<Made>().paths).filter((path) => !path.startsWith('/auth/')), [])
        t.notOk(docs.body.includes('SecretOfTheHost'), 'nor schemas of the host')
        t.same(await lintErrors(docs.json()), [])
      })
    }
  }
}

t.test("the schema of our errors is defined once, and a host's schema of the same name is kept", async (t) => {
  const options = (schemas?: object) => ({
    openapi: { openapi: '3.1.0', info, servers: [{ url: 'https://app.test' }], components: schemas && { schemas } }
  })
  const mine = { type: 'object', properties: { mine: { type: 'boolean' } } }
  for (const schemas of [undefined, { Order: mine }, { LatchkeyError: mine }] as (Record<string, object> | undefined)[]) {
    const host = await hostWith(t, options(schemas), { ours: { ...FAST, databaseUrl: await createDatabase(t), prefix: '/auth' } })
    const document = made(host)
    t.match(document.components?.schemas, {
      ...schemas, LatchkeyOAuthError: {}, ...(schemas?.['LatchkeyError'] ? {} : { LatchkeyError: { type: 'object' } })
    })
    const [failure] = Object.values(
      (document.paths['/auth/v1/profile']!['get'] as unknown as {
        responses: Record<string, { content: Record<string, { schema: object }> }>
      }).responses['401']!.content
    )
    t.match(
      failure!.schema,
      schemas?.['LatchkeyError'] ? { type: 'object', properties: { statusCode: {} } } : { $ref: '#/components/schemas/LatchkeyError' }
    )
    t.same(await lintErrors(document), [])
  }
})

t.test("a host's security scheme of the same name with another meaning is kept, and ours is renamed", async (t) => {
  const bearer = { type: 'apiKey', in: 'header', name: 'x-token' }
  const client = { type: 'http', scheme: 'Basic' }
  const options = {
    openapi: {
      openapi: '3.1.0', info, servers: [{ url: 'https://app.test' }], components: { securitySchemes: { bearer, client } },
      security: [{ bearer: [] }]
    }
  }
  for (const first of [true, false]) {
    const document = made(await hostWith(t, options, { first, ours: { ...FAST, databaseUrl: await createDatabase(t), prefix: '/auth' } }))
    t.same(await lintErrors(document), [])
    t.match(schemesOf(document), { bearer, client, 'latchkey-bearer': { type: 'http', scheme: 'bearer' } })
    t.same(document.paths['/orders']!['get']!.security, [{ 'latchkey-bearer': ['orders:read'] }])
    t.same(document.paths['/auth/v1/oauth/token']!['post']!.security, [{ client: [] }, {}], 'what means the same is one scheme')
    t.same(document.paths['/auth/.well-known/jwks.json']!['get']!.security, [], 'what needs nothing says so')
  }
})

t.test('a transform of the host is called for its own routes only, guarded ones included', async (t) => {
  const seen: string[] = []
  const transform = ({ schema, url }: { schema: object, url: string }) => {
    seen.push(url)
    return { schema: { ...schema, description: 'transformed' }, url }
  }
  const host = Fastify({ pluginTimeout: 60_000 })
  t.teardown(() => host.close())
  await host.register(swagger, { ...VERSIONS['OpenAPI 3.1'], transform, exposeHeadRoutes: true } as object)
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), prefix: '/auth' })
  host.get('/orders', { onRequest: host.authGuard('api'), ...without('security', answer('orders')) }, async () => ({ a: 'x' }))
  const twice = [host.authGuard('api', { optional: true }), host.authGuard('api', { scopes: ['orders:read'] })]
  host.get('/twice', { onRequest: twice, ...without('security', answer('twice')) }, async () => ({ a: 'x' }))
  const either = [host.authGuard('web', { optional: true }), host.authGuard('api', { optional: true })]
  host.get('/either', { onRequest: either, ...without('security', answer('either')) }, async () => ({ a: 'x' }))
  await host.ready()
  const document = made(host)
  t.same(new Set(seen), new Set(['/orders', '/twice', '/either']))
  t.same(document.paths['/twice']!['get']!.security, [{ bearer: ['orders:read'] }], 'what all guards of a route ask for')
  t.same(document.paths['/either']!['get']!.security, [{ browser: [], bearer: [] }, { browser: [] }, { bearer: [] }, {}])
  t.match(document.paths['/orders']!['get'], { description: 'transformed', security: [{ bearer: [] }] })
  t.same(await lintErrors(document), [])
  t.match(document.paths['/auth/v1/profile']!['head'], { operationId: 'latchkeyHeadProfile' })
})

t.test('several documents, each in a scope of its own, describe the guards of their routes', async (t) => {
  const host = Fastify({ pluginTimeout: 60_000 })
  t.teardown(() => host.close())
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), prefix: '/auth' })
  const documents: Made[] = []
  for (const prefix of ['/a', '/b']) {
    await host.register(async (scope) => {
      await scope.register(swagger, VERSIONS['OpenAPI 3.1 without schemes'] as object)
      scope.get('/orders', { onRequest: scope.authGuard('api'), ...without('security', answer('orders')) }, async () => ({ a: 'x' }))
      scope.addHook('onReady', async () => { documents.push(made(scope)) })
    }, { prefix })
  }
  await host.ready()
  for (const [index, path] of ['/a/orders', '/b/orders'].entries()) {
    t.same(await lintErrors(documents[index]), [])
    t.match(documents[index]!.paths[path]!['get'], { security: [{ bearer: [] }] })
  }
})

t.test("a remote guard and remote client proxies, each alone, are described in the host's document", async (t) => {
  for (const [version, options] of Object.entries(VERSIONS)) {
    for (const first of [true, false]) {
      const guarded = made(await hostWith(t, options, { first, register: authGuard, ours: { issuer: 'https://id.example.com' } }))
      t.same(await lintErrors(guarded), [], version)
      t.same(Object.keys(guarded.paths['/orders']!['get']!.security![0]!), ['bearer'])
      t.same(Object.keys(guarded.paths).sort(), ['/late', '/open', '/orders', '/said'])

      const host = Fastify({ pluginTimeout: 60_000 })
      t.teardown(() => host.close())
      if (first) await host.register(swagger, options as object)
      await host.register(clientProxy, { issuer: 'https://id.example.com', clients: { web: { id: 'x', secret: 'y' } } })
      if (!first) await host.register(swagger, options as object)
      await host.ready()
      const document = made(host)
      t.same(await lintErrors(document), [], version)
      t.same(Object.keys(document.paths).sort(), ['challenge', 'login', 'logout', 'refresh'].map((what) => `/v1/clients/{client}/${what}`))
    }
  }
})
