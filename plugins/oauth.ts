import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ConfigError } from '../src/config/config-error.ts'
import type { Config } from '../src/config/config.ts'
import authGuard from './auth-guard.ts'
import { closedScope, under } from './http/closed-scope.ts'
import { loadRoutes, switchesOf } from './http/load-routes.ts'
import { serveMetadata } from './http/metadata.ts'
import { markRegistered, refuseSecond } from './http/plugin-registration.ts'
import servicesPlugin, { type ServicesOptions } from './services.ts'
import { internals } from './internals.ts'

/** The authorization endpoint with its pages, the token endpoint, discovery, the public keys and the revocations. */
async function oauth (host: FastifyInstance, options: ServicesOptions): Promise<void> {
  refuseSecond(host, ['oauth'])
  host.register(servicesPlugin, options)
  host.register(authGuard, options)
  host.register(fp(endpoints, { name: 'latchkey-endpoints' }))
}

async function endpoints (host: FastifyInstance): Promise<void> {
  const { config } = internals(host)
  checkMount(host, config)
  markRegistered(host, ['oauth'])
  if (config.routes.pages) host.register(import('./pages.ts'))
  host.register(async (scope) => {
    closedScope(scope, config)
    loadRoutes(scope, { folder: 'v1/oauth', prefix: '/v1/oauth', switches: switchesOf(internals(host)) })
    loadRoutes(scope, { folder: 'well-known', prefix: '/.well-known', switches: switchesOf(internals(host)) })
    serveMetadata(scope)
  }, under(config.prefix))
  if (config.mount !== '') {
    host.log.info(
      {},
      `In a scope with the prefix ${config.mount} the metadata of RFC 8414 cannot be served at /.well-known/oauth-authorization-server${config.basePath}: for clients that request it there, register latchkey at the root, with the prefix ${config.mount}${config.prefix}`
    )
  } else if (config.basePath !== '') {
    host.register(async (scope) => {
      closedScope(scope, config)
      serveMetadata(scope, { suffix: config.basePath, hide: true })
    }, under(''))
  }
}

/** The issuer is one address, so all routes stand under one prefix. @throws ConfigError in a scope with another prefix */
function checkMount (host: FastifyInstance, { mount, prefix }: Config): void {
  if (host.prefix === mount) return
  throw new ConfigError([{
    name: 'prefix',
    message: `differs between scopes: Latchkey was first registered under "${mount}${prefix}", and its pages would be served under "${host.prefix}${prefix}"; register all of its plugins on one instance`
  }])
}

export default fp(oauth, { name: 'latchkey-oauth', fastify: '5.x' })
