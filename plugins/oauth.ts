import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import authGuard from './auth-guard.ts'
import { closedScope, under } from './closed-scope.ts'
import { loadRoutes } from './load-routes.ts'
import { serveMetadata } from './metadata.ts'
import { claim, refuseTwice } from './once.ts'
import servicesPlugin, { type ServicesOptions } from './services.ts'

/** The authorization endpoint with its pages, the token endpoint, discovery, the public keys and the revocations. */
async function oauth (host: FastifyInstance, options: ServicesOptions): Promise<void> {
  refuseTwice(host, ['oauth'])
  await host.register(servicesPlugin, options)
  await host.register(authGuard, options)
  const { config } = host.latchkey
  claim(host, ['oauth'])
  if (config.routes.pages) await host.register((await import('./pages.ts')).default)
  await host.register(async (scope) => {
    await closedScope(scope, config)
    await loadRoutes(scope, 'v1/oauth', config, '/v1/oauth')
    await loadRoutes(scope, 'well-known', config, '/.well-known')
    serveMetadata(scope)
  }, under(config.prefix))
  if (config.basePath !== '') {
    await host.register(async (scope) => {
      await closedScope(scope, config)
      serveMetadata(scope, { suffix: config.basePath, hide: true })
    }, under(''))
  }
}

export default fp(oauth, { name: 'latchkey-oauth', fastify: '5.x' })
