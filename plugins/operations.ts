import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { closedScope } from './closed-scope.ts'

/** Liveness and readiness. */
async function operations (host: FastifyInstance): Promise<void> {
  const { config } = host.latchkey
  await host.register(async (scope) => {
    await closedScope(scope, config)
    await scope.register(autoload, { dir: fileURLToPath(new URL('../routes/operations', import.meta.url)) })
  }, { prefix: config.prefix })
}

export default fp(operations, { name: 'latchkey-operations', fastify: '5.x', dependencies: ['latchkey-services'] })
