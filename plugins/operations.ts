import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { closedScope, under } from './http/closed-scope.ts'
import { loadRoutes, switchesOf } from './http/load-routes.ts'
import { internals } from './internals.ts'

/** Liveness and readiness. */
async function operations (host: FastifyInstance): Promise<void> {
  const { config } = internals(host)
  host.register(async (scope) => {
    closedScope(scope, config)
    loadRoutes(scope, { folder: 'operations', switches: switchesOf(internals(host)) })
  }, under(config.prefix))
}

export default fp(operations, { name: 'latchkey-operations', fastify: '5.x', dependencies: ['latchkey-services'] })
