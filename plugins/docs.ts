import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config.ts'
import { version } from '../src/version.ts'
import { errorHandler } from './errors.ts'

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Access token (RFC 6750)' },
  browser: { type: 'apiKey', in: 'cookie', name: 'latchkey', description: 'A browser that is logged in on the pages' },
  client: { type: 'http', scheme: 'basic', description: 'client_id and client_secret (RFC 6749 section 2.3.1)' }
} as const

/** OpenAPI 3.1 at /docs/json and Swagger UI at /docs. A host that has @fastify/swagger finds our routes in its own document. */
async function docs (host: FastifyInstance): Promise<void> {
  const { config } = host.latchkey
  if (!host.hasDecorator('swagger')) {
    await host.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Latchkey', description: 'OAuth 2.1 server and first-party login', version, license: { name: 'MIT', identifier: 'MIT' } },
        servers: [{ url: config.appUrl }],
        components: { securitySchemes: SECURITY }
      }
    })
  }
  let reader: Promise<FastifyInstance> | undefined
  host.addHook('onClose', async () => { await (await reader)?.close() })
  for (const path of ['/docs', '/docs/*']) {
    host.get(config.prefix + path, { schema: { hide: true } }, async (request, reply) => {
      const { routing } = await (reader ??= createReader(host, config))
      reply.hijack()
      for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value)
      routing(request.raw, reply.raw)
    })
  }
}

/** Swagger UI in an instance of its own, made at the first look: its files would be a tenth of what every start reads. */
async function createReader (host: FastifyInstance, { appUrl, prefix }: Config): Promise<FastifyInstance> {
  const [{ default: Fastify }, { default: swaggerUi }] = await Promise.all([import('fastify'), import('@fastify/swagger-ui')])
  const reader = Fastify()
  // The name that Swagger UI asks for: the document is the host's
  await reader.register(fp(async (scope) => { scope.decorate('swagger', host.swagger) }, { name: '@fastify/swagger' }))
  reader.setErrorHandler(errorHandler)
  reader.setNotFoundHandler(async ({ url }) => {
    throw Object.assign(new Error(`There is no ${url.split('?')[0]}; see ${prefix}/docs`), { statusCode: 404, code: 'LK_NOT_FOUND' })
  })
  await reader.register(swaggerUi, {
    routePrefix: `${prefix}/docs`,
    staticCSP: true,
    // No third party hears of the document
    uiConfig: { validatorUrl: null },
    // Over plain http the page would ask for its own files over https
    transformStaticCSP: (csp) => appUrl.startsWith('https:') ? csp : csp.replace(' upgrade-insecure-requests;', '')
  })
  await reader.ready()
  return reader
}

export default fp(docs, { name: 'latchkey-docs', fastify: '5.x', dependencies: ['latchkey-services'] })
