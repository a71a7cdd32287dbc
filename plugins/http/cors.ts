import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

const MAX_AGE = 600

/**
 * CORS for the routes of this scope, each with an OPTIONS route of its own: @fastify/cors declares `OPTIONS *` once for a whole server,
 * which would also answer for routes of the host. If the host has registered @fastify/cors, its settings apply.
 */
export function allowOrigins (scope: FastifyInstance, origins: readonly string[]): void {
  if (scope.hasRequestDecorator('corsPreflightEnabled')) return
  const withoutWildcard = Object.assign(Object.create(scope) as FastifyInstance, { options: () => scope })
  cors(withoutWildcard, {
    origin: [...origins],
    credentials: true,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['Retry-After', 'WWW-Authenticate'],
    maxAge: MAX_AGE,
    strictPreflight: false
  }, (error) => { if (error) throw error })

  const known = new Set<string>()
  scope.addHook('onRoute', function (this: FastifyInstance, { url, routePath, method }) {
    if (method === 'OPTIONS' || known.has(url)) return
    known.add(url)
    // Not reached for a preflight: the hook of @fastify/cors has answered it
    this.options(routePath, { schema: { hide: true } }, async (_request, reply) => reply.callNotFound())
  })
}
