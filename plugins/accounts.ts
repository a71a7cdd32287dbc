import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { closedScope, under } from './http/closed-scope.ts'
import { loadRoutes, switchesOf } from './http/load-routes.ts'
import { internals } from './internals.ts'

/** Registration, profile, password, logout. */
async function accounts (host: FastifyInstance): Promise<void> {
  const { config } = internals(host)
  host.register(async (scope) => {
    closedScope(scope, config)
    loadRoutes(scope, { folder: 'v1', prefix: '/v1', switches: switchesOf(internals(host)) })
    if (internals(host).social) loadRoutes(scope, { folder: 'v1/auth', pages: false, switches: switchesOf(internals(host)) })
  }, under(config.prefix))
}

export default fp(accounts, { name: 'latchkey-accounts', fastify: '5.x', dependencies: ['latchkey-services', 'latchkey-auth-guard'] })
