import { createRequire } from 'node:module'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { GUARDED, routesFor, wereSeen, type Guarded } from './registry.ts'
import { defineSchemes, type Document } from './security.ts'
import { shareSchemas } from './shared-schemas.ts'

type MakeDocument = (options?: { yaml?: boolean }) => unknown
type WithDocument = { swagger: MakeDocument }

const completed = new WeakSet<object>()
const require = createRequire(import.meta.url)

/**
 * Describes what a guard requires on a route of the host. The document of the host need not define our security schemes, and
 * @fastify/swagger, registered before or after, offers no place to add them: so the operation is marked, and the document is completed when
 * it is generated.
 */
export function markGuarded (instance: FastifyInstance, route: RouteOptions, guarded: Guarded): void {
  // A `security` that the host has set on its route takes precedence
  if ((route.schema as { security?: unknown } | undefined)?.security === undefined) {
    route.schema = { ...route.schema, [GUARDED]: guarded } as object
  }
  completeDocuments(instance)
}

/** Completes the documents of the host that this instance sees, in the decorators of @fastify/swagger. */
export function completeDocuments (instance: object): void {
  const { server } = instance as FastifyInstance
  for (let owner: object | null = instance; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    if (Object.hasOwn(owner, 'swagger') && !completed.has((owner as WithDocument).swagger)) {
      (owner as WithDocument).swagger = completing((owner as WithDocument).swagger, server)
    }
  }
}

function completing (make: MakeDocument, server: object): MakeDocument {
  const known = new WeakSet<object>()
  const complete: MakeDocument = (options) => {
    let document: Document = {}
    const isListed = wereSeen(() => { document = make() as Document })
    if (!known.has(document)) {
      nameSecurity(document)
      if (!isListed) addRoutes(document, routesFor(server))
      shareSchemas(document)
      known.add(document)
    }
    return options?.yaml ? (require('yaml') as typeof import('yaml')).stringify(document, { strict: false }) : document
  }
  completed.add(complete)
  return complete
}

function nameSecurity (document: Document): void {
  for (const path of Object.values(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(path)) {
      if (typeof operation !== 'object' || operation === null || !(GUARDED in operation)) continue
      const { security, cookie } = operation[GUARDED] as Guarded
      delete operation[GUARDED]
      const named = { security: defineSchemes(document, security, cookie) }
      Object.assign(operation, named)
      // @fastify/swagger copied HEAD from GET before the guard was known
      if (method === 'get' && path['head']) path['head'] = { ...named, ...path['head'] }
    }
  }
}

/** Adds our routes to the document of a host that registered @fastify/swagger after us and so has not seen them, in its version. */
function addRoutes (document: Document, routes: RouteOptions[]): void {
  if (routes.length === 0) return
  const described = describe(document, routes)
  const paths = document.paths ?? {}
  document.paths = {
    ...paths,
    ...Object.fromEntries(Object.entries(described.paths ?? {}).map(([path, operations]) => [path, { ...operations, ...paths[path] }]))
  }
  if (document.swagger === undefined) {
    document.components = {
      ...document.components,
      ...(described.components?.securitySchemes && { securitySchemes: described.components.securitySchemes })
    }
  } else if (described.securityDefinitions) document.securityDefinitions = described.securityDefinitions
}

/** Runs @fastify/swagger on a list of routes. A host that uses it has already loaded the module. */
function describe (document: Document, routes: RouteOptions[]): Document {
  const { swagger: isSwagger2, openapi, components, securityDefinitions, servers, basePath } = document as Document & {
    servers?: [],
    basePath?: string
  }
  const hooks: Record<string, (input: unknown) => void> = {}
  let make: MakeDocument = () => ({})
  const instance = {
    addHook: (name: string, hook: (input: unknown) => void) => {
      hooks[name] = hook
    }, decorate: (_name: string, value: MakeDocument) => {
      make = value
    }, getSchemas: () => ({})
  }
  const options = isSwagger2 === undefined
    ? { openapi: { openapi, servers, components: { securitySchemes: components?.securitySchemes } } }
    : { swagger: { basePath, securityDefinitions } }
  const { fastifySwagger } = require('@fastify/swagger') as { fastifySwagger: (...input: unknown[]) => void }
  fastifySwagger(instance, options, () => {})
  for (const route of routes) hooks['onRoute']!(route)
  hooks['onReady']!(() => {})
  return make() as Document
}
