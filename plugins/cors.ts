import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

const MAX_AGE = 600

/**
 * CORS for the routes of this scope, each with an OPTIONS route of its own:
 * @fastify/cors declares `OPTIONS *`, once for a whole server, and would answer for the routes of the host.
 */
export function allowOrigins (scope: FastifyInstance, origins: readonly string[]): void {
  const withoutWildcard = Object.assign(Object.create(scope) as FastifyInstance, { options: () => scope })
  const options = { origin: [...origins], credentials: true, methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], maxAge: MAX_AGE, exposedHeaders: ['Retry-After', 'WWW-Authenticate'] }
  cors(withoutWildcard, options, (error) => { if (error) throw error })

  const known = new Set<string>()
  scope.addHook('onRoute', function (this: FastifyInstance, { url, routePath, method }) {
    if (method === 'OPTIONS' || known.has(url)) return
    known.add(url)
    // The hook of @fastify/cors has answered before
    this.options(routePath, { schema: { hide: true } }, async (_request, reply) => reply.callNotFound())
  })
}
