import swagger, { type SwaggerTransformObject } from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../src/config/config.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { version } from '../../src/runtime/version.ts'
import { browserCookie } from '../browser/cookie.ts'
import { under } from '../http/closed-scope.ts'
import { errorHandler } from '../http/errors.ts'
import { ownInfo } from './openapi/registry.ts'
import { securitySchemes, type Document } from './openapi/security.ts'
import { shareSchemas } from './openapi/shared-schemas.ts'
import { keepOutHost } from '../http/keep-out-host.ts'
import { pathOf } from '../http/outer-path.ts'
import { internals } from '../internals.ts'

type MakeDocument = FastifyInstance['swagger']

/** The decorator of our document; a host's own is `swagger`. */
const DOCUMENT = 'latchkeyDocument'

/** OpenAPI 3.1 at /docs/json and Swagger UI at /docs: of our routes, whatever document the host has of its own. */
async function docs (host: FastifyInstance): Promise<void> {
  const { config } = internals(host)
  await host.register(swagger, {
    decorator: DOCUMENT,
    openapi: {
      openapi: '3.1.0',
      info: ownInfo({
        title: 'Latchkey', description: 'OAuth 2.1 server and first-party login', version,
        license: { name: 'MIT', identifier: 'MIT' }
      }),
      components: { securitySchemes: securitySchemes(browserCookie(config.appUrl)) }
    },
    // Paths are those that are served, whatever path APP_URL has
    stripBasePath: false,
    transformObject: (made) => ofOurs(made, config)
  })
  // As decorated above
  const makeDocument = (host as unknown as Record<typeof DOCUMENT, MakeDocument>)[DOCUMENT]
  let reader: Promise<FastifyInstance> | undefined
  host.addHook('onClose', async () => { await (await reader)?.close() })
  await host.register(async (scope) => {
    keepOutHost(scope)
    for (const path of ['/docs', '/docs/*']) {
      scope.get(path, { config: { swaggerTransform: false }, schema: { hide: true } }, async (request, reply) => {
        const { routing } = await (reader ??= createReader(makeDocument, config))
        reply.hijack()
        for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value)
        routing(request.raw, reply.raw)
      })
    }
  }, under(config.prefix))
}

/**
 * Schemas that a host shares among its routes are in every document; ours are written out. The address is known when the server listens.
 */
function ofOurs (made: Parameters<SwaggerTransformObject>[0], { appUrl }: Config): ReturnType<SwaggerTransformObject> {
  if (!('openapiObject' in made)) return made.swaggerObject
  made.openapiObject.servers = [{ url: appUrl }]
  delete made.openapiObject.components?.schemas
  shareSchemas(made.openapiObject as Document)
  return made.openapiObject
}

/** Swagger UI in an instance of its own, made at the first look: its files would be a tenth of what every start reads. */
async function createReader (makeDocument: MakeDocument, { appUrl, mount, prefix, basePath }: Config): Promise<FastifyInstance> {
  const base = pathOf(appUrl)
  const docs = `${mount}${prefix}/docs`
  const [{ default: Fastify }, { default: swaggerUi }] = await Promise.all([import('fastify'), import('@fastify/swagger-ui')])
  const reader = Fastify()
  // The name that Swagger UI asks for
  await reader.register(fp(async (scope) => { scope.decorate('swagger', makeDocument) }, { name: '@fastify/swagger' }))
  reader.setErrorHandler(errorHandler)
  reader.setNotFoundHandler(async ({ url }) => {
    throw new HttpError('LK_NOT_FOUND', { message: `There is no ${url.split('?')[0]}; see ${basePath}/docs` })
  })
  // Its redirects lead from path to path on this server
  reader.addHook('onSend', async (_request, reply) => {
    const target = reply.getHeader('location')
    if (typeof target === 'string' && target.startsWith('/')) reply.header('location', base + target)
  })
  await reader.register(swaggerUi, {
    routePrefix: docs,
    staticCSP: true,
    // No third party hears of the document
    uiConfig: { validatorUrl: null },
    // Before its files, for browsers that come through a proxy which strips it
    indexPrefix: base,
    // Over plain http the page would ask for its own files over https
    transformStaticCSP: (csp) => appUrl.startsWith('https:') ? csp : csp.replace(' upgrade-insecure-requests;', '')
  })
  await reader.ready()
  return reader
}

export default fp(docs, { name: 'latchkey-docs', fastify: '5.x', dependencies: ['latchkey-services'] })
