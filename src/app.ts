import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import accounts from '../plugins/accounts.ts'
import authGuard from '../plugins/auth-guard.ts'
import clientProxy from '../plugins/client-proxy.ts'
import oauth from '../plugins/oauth.ts'
import operations from '../plugins/operations.ts'
import { claim, refuseTwice } from '../plugins/once.ts'
import { overload } from '../plugins/overload.ts'
import services, { type ServicesOptions } from '../plugins/services.ts'
import { ConfigError } from './config-error.ts'

export type AppOptions = ServicesOptions & {
  /** /docs, /health and /ready; by default with a prefix, where they cannot meet routes of the host. */
  operations?: boolean
}

/** The server as one plugin, its parts in the order in which they need each other. */
async function latchkey (host: FastifyInstance, { operations: withOperations, ...options }: AppOptions): Promise<void> {
  if (withOperations !== undefined && typeof withOperations !== 'boolean') throw new ConfigError([{ name: 'operations', message: 'must be true or false' }])
  refuseTwice(host, ['latchkey', 'oauth'])
  await host.register(services, options)
  const { prefix, routes } = host.latchkey.config
  refuseTwice(host, ['latchkey', 'clientProxy'], prefix)
  claim(host, ['latchkey'])
  await host.register(authGuard)
  const operating = withOperations ?? prefix !== ''
  // A scope of its own: what describes our routes does not describe the host's
  await host.register(async (scope) => {
    await overload(scope)
    if (operating && routes.docs) await scope.register((await import('../plugins/docs.ts')).default)
    if (operating && routes.metrics) await scope.register((await import('../plugins/metrics.ts')).default)
    await scope.register(oauth)
    await scope.register(clientProxy)
    await scope.register(accounts)
    if (operating) await scope.register(operations)
  }).then(() => {}, (error: unknown) => { throw collision(error) })
  claim(host, ['oauth'])
  claim(host, ['clientProxy'], prefix)
}

/** Fastify says which route was there already, not what to do about it. */
function collision (error: unknown): unknown {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== 'FST_ERR_DUPLICATED_ROUTE') return error
  return new ConfigError([{ name: 'prefix', message: `must be one under which this app has no routes, such as /auth: ${error.message}` }])
}

export default fp(latchkey, { name: 'latchkey', fastify: '5.x' })
