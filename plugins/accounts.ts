import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { closedScope, under } from './closed-scope.ts'
import { loadRoutes } from './load-routes.ts'

/** Registration, profile, password, logout. */
async function accounts (host: FastifyInstance): Promise<void> {
  const { config } = host.latchkey
  await host.register(async (scope) => {
    await closedScope(scope, config)
    await loadRoutes(scope, 'v1/account', config, '/v1')
  }, under(config.prefix))
}

export default fp(accounts, { name: 'latchkey-accounts', fastify: '5.x', dependencies: ['latchkey-services', 'latchkey-auth-guard'] })
