import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { closedScope } from './closed-scope.ts'

/** Registration, profile, password, logout. */
async function accounts (host: FastifyInstance): Promise<void> {
  const { config } = host.latchkey
  await host.register(async (scope) => {
    await closedScope(scope, config)
    await scope.register(autoload, { dir: fileURLToPath(new URL('../routes/v1/account', import.meta.url)), options: { prefix: '/v1' } })
  }, { prefix: config.prefix })
}

export default fp(accounts, { name: 'latchkey-accounts', fastify: '5.x', dependencies: ['latchkey-services', 'latchkey-auth-guard'] })
