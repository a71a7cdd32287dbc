import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ConfigError } from '../src/config-error.ts'
import type { Config } from '../src/config.ts'
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
  checkMount(host, config)
  claim(host, ['oauth'])
  if (config.routes.pages) await host.register((await import('./pages.ts')).default)
  await host.register(async (scope) => {
    await closedScope(scope, config)
    await loadRoutes(scope, 'v1/oauth', config, '/v1/oauth')
    await loadRoutes(scope, 'well-known', config, '/.well-known')
    serveMetadata(scope)
  }, under(config.prefix))
  if (config.mount !== '') {
    host.log.info({}, `Inside a scope with the prefix ${config.mount} the metadata of RFC 8414 cannot stand at /.well-known/oauth-authorization-server${config.basePath}: for clients that ask there, register latchkey at the root, with the prefix ${config.mount}${config.prefix}`)
  } else if (config.basePath !== '') {
    await host.register(async (scope) => {
      await closedScope(scope, config)
      serveMetadata(scope, { suffix: config.basePath, hide: true })
    }, under(''))
  }
}

/** The issuer names one place. @throws ConfigError when the routes would stand in another */
function checkMount (host: FastifyInstance, { mount, prefix }: Config): void {
  if (host.prefix === mount) return
  throw new ConfigError([{ name: 'prefix', message: `is that of another scope: Latchkey was first registered under "${mount}${prefix}", and its pages would stand under "${host.prefix}${prefix}"; register all of its plugins on one instance` }])
}

export default fp(oauth, { name: 'latchkey-oauth', fastify: '5.x' })
