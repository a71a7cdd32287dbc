import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { version } from '../src/version.ts'

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
  await host.register(swaggerUi, {
    routePrefix: `${config.prefix}/docs`,
    staticCSP: true,
    // No third party hears of the document
    uiConfig: { validatorUrl: null },
    // Over plain http the page would ask for its own files over https
    transformStaticCSP: (csp) => config.appUrl.startsWith('https:') ? csp : csp.replace(' upgrade-insecure-requests;', '')
  })
}

export default fp(docs, { name: 'latchkey-docs', fastify: '5.x', dependencies: ['latchkey-services'] })
