import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { browserCookie } from '../../browser/cookie.ts'
import { completeDocuments } from './host-document.ts'
import { forSwagger2 } from './older-schema.ts'
import { GUARDED, isOwn, noteSeen, routesFor, type Guarded, type Info } from './registry.ts'
import { defineSchemes, type Document, type Security } from './security.ts'

type Described = FastifySchema & { security?: Security }
type Input = { schema: FastifySchema, url: string, openapiObject?: Document & { info?: Info }, swaggerObject?: Document }
type DescribeOptions = { appUrl: string, hostDocument: boolean }

/** Gives every route of a closed scope an operation id, and describes how it appears in a document of the host. */
export function describeRoutes (scope: FastifyInstance, { appUrl, hostDocument }: DescribeOptions): void {
  const cookie = browserCookie(appUrl)
  const { server, prefix } = scope

  function transform ({ schema, url, openapiObject, swaggerObject }: Input): { schema: FastifySchema, url: string } {
    const { [GUARDED]: guarded, ...described } = schema as Described & { [GUARDED]?: Guarded }
    // A route without a requirement says so: the document of a host may set one for all routes
    const security = guarded?.security ?? described.security ?? []
    if (isOwn(openapiObject?.info)) return { schema: { ...described, security } as FastifySchema, url }
    noteSeen()
    if (!hostDocument) return { schema: { hide: true } as FastifySchema, url }
    const document = openapiObject ?? swaggerObject!
    const inHost = { ...described, ...namesIn(described), security: defineSchemes(document, security, cookie) }
    return { schema: (swaggerObject ? forSwagger2(inHost) : inHost) as FastifySchema, url }
  }

  if (hostDocument) scope.addHook('onReady', async () => completeDocuments(scope))
  scope.addHook('onRoute', (route) => {
    const { schema = {}, method, url } = route as RouteOptions & { schema?: { hide?: boolean, tags?: readonly string[] } }
    if (schema.hide) return hide(route)
    const operationId = operationIdOf(String(method), url.slice(prefix.length), schema.tags ?? [])
    route.schema = { ...schema, operationId } as FastifySchema
    route.config = { ...route.config, swaggerTransform: transform as never }
    if (hostDocument) routesFor(server).push(route)
  })
}

/** Keeps a transform of the host from being called for a hidden route. */
export function hide (route: RouteOptions): void {
  route.config = { ...route.config, swaggerTransform: false }
}

/** A tag and operation ids that cannot collide with those of the host. */
function namesIn (schema: Described) {
  const { operationId } = schema as { operationId?: string }
  return { tags: ['Latchkey'], ...(operationId !== undefined && { operationId: camelCase(['latchkey', operationId]) }) }
}

/** `GET /v1/oauth/clients/:id` is getOauthClientsById, whatever the prefix. Pages get a suffix, since they share paths with the API. */
export function operationIdOf (method: string, path: string, tags: readonly string[]): string {
  const words = path
    .split('/')
    .flatMap((step) => step.startsWith(':') ? ['by', step.slice(1)] : step.split(/[^A-Za-z0-9]+/))
    .filter((word, _index, all) => word !== '' && (word !== 'v1' || all.every((each) => ['', 'v1'].includes(each))))
  return camelCase([method.toLowerCase(), ...words, ...(tags.includes('Pages') ? ['page'] : [])])
}

function camelCase ([first = '', ...words]: string[]): string {
  return first + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
}
