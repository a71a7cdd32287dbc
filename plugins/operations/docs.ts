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

/** Name of the decorator for our document; a document of the host is at `swagger`. */
const DOCUMENT = 'latchkeyDocument'

/** OpenAPI 3.1 at /docs/json and Swagger UI at /docs, for our routes only; a document of the host is separate. */
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
    // The document lists the paths as they are served, whatever path APP_URL has
    stripBasePath: false,
    transformObject: (made) => ofOurs(made, config)
  })
  // Added by the decorator above
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
 * Removes the schemas that a host shares among its routes and @fastify/swagger adds to every document. The server address is read here
 * because it is known only once the server listens.
 */
function ofOurs (made: Parameters<SwaggerTransformObject>[0], { appUrl }: Config): ReturnType<SwaggerTransformObject> {
  if (!('openapiObject' in made)) return made.swaggerObject
  made.openapiObject.servers = [{ url: appUrl }]
  delete made.openapiObject.components?.schemas
  shareSchemas(made.openapiObject as Document)
  return made.openapiObject
}

/** Swagger UI in an instance of its own, loaded at the first request: its files are a tenth of all that a start would read. */
async function createReader (makeDocument: MakeDocument, { appUrl, mount, prefix, basePath }: Config): Promise<FastifyInstance> {
  const base = pathOf(appUrl)
  const docs = `${mount}${prefix}/docs`
  const [{ default: Fastify }, { default: swaggerUi }] = await Promise.all([import('fastify'), import('@fastify/swagger-ui')])
  const reader = Fastify()
  // The dependency that Swagger UI requires by name
  await reader.register(fp(async (scope) => { scope.decorate('swagger', makeDocument) }, { name: '@fastify/swagger' }))
  reader.setErrorHandler(errorHandler)
  reader.setNotFoundHandler(async ({ url }) => {
    throw new HttpError('LK_NOT_FOUND', { message: `There is no ${url.split('?')[0]}; see ${basePath}/docs` })
  })
  // Redirects of Swagger UI are paths on this server, without the path of APP_URL
  reader.addHook('onSend', async (_request, reply) => {
    const target = reply.getHeader('location')
    if (typeof target === 'string' && target.startsWith('/')) reply.header('location', base + target)
  })
  await reader.register(swaggerUi, {
    routePrefix: docs,
    staticCSP: true,
    // Keeps the document from being sent to the validator of a third party
    uiConfig: { validatorUrl: null },
    // Browsers need the path of APP_URL before the paths of the files, even where a proxy strips it
    indexPrefix: base,
    // Over plain http this directive would make the page request its own files over https
    transformStaticCSP: (csp) => appUrl.startsWith('https:') ? csp : csp.replace(' upgrade-insecure-requests;', '')
  })
  await reader.ready()
  return reader
}

export default fp(docs, { name: 'latchkey-docs', fastify: '5.x', dependencies: ['latchkey-services'] })
