import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import accounts from './accounts.ts'
import authGuard from './auth-guard.ts'
import clientProxy from './client-proxy.ts'
import oauth from './oauth.ts'
import operations from './operations.ts'
import { closedScope, under } from './http/closed-scope.ts'
import { loadRoutes } from './http/load-routes.ts'
import { markRegistered, refuseSecond } from './http/plugin-registration.ts'
import { overload } from './operations/overload.ts'
import services, { type ServicesOptions } from './services.ts'
import { ConfigError } from '../src/config/config-error.ts'
import { internals } from './internals.ts'

export type AppOptions = ServicesOptions & {
  /** Whether to serve /docs, /health and /ready. Default: only with a prefix, so that they cannot collide with routes of the host. */
  operations?: boolean
}

/** The whole server as one plugin. */
async function latchkey (host: FastifyInstance, { operations, ...options }: AppOptions): Promise<void> {
  if (operations !== undefined && typeof operations !== 'boolean') {
    throw new ConfigError([{ name: 'operations', message: 'must be true or false' }])
  }
  refuseSecond(host, ['latchkey', 'oauth'])
  host.register(services, options)
  host.register(fp(parts, { name: 'latchkey-parts' }), operations === undefined ? {} : { operations })
}

/** Registers the parts in order of their dependencies. None is awaited, so that each has the whole pluginTimeout of the host. */
async function parts (host: FastifyInstance, { operations: withOperations }: Pick<AppOptions, 'operations'>): Promise<void> {
  const { prefix, routes } = internals(host).config
  refuseSecond(host, ['latchkey', 'clientProxy'], prefix)
  markRegistered(host, ['latchkey'])
  host.register(authGuard)
  const operating = withOperations ?? prefix !== ''
  // A scope of its own, so that the OpenAPI document of our routes does not include the routes of the host
  host.register(async (scope) => {
    overload(scope)
    if (operating && routes.docs) scope.register(import('./operations/docs.ts'))
    if (operating && routes.metrics) scope.register(import('./operations/metrics.ts'))
    scope.register(oauth)
    scope.register(clientProxy)
    scope.register(accounts)
    if (operating) scope.register(operations)
    if (internals(host).outbox.mode('mail') === 'keep') scope.register(development, under(prefix))
  })
  host.after(async (error) => {
    if (error) throw collision(error)
    markRegistered(host, ['oauth'])
    markRegistered(host, ['clientProxy'], prefix)
  })
}

/** Without a transport, messages are kept to be looked at, on the machine of a developer. */
async function development (scope: FastifyInstance): Promise<void> {
  const { config } = internals(scope)
  closedScope(scope, config)
  loadRoutes(scope, { folder: 'development' })
  scope.server.once('listening', () => {
    scope.log.info({}, `Mails are not sent, since SMTP_URL is not set, but shown on this machine at ${config.issuer}/dev/mail`)
  })
}

/** Adds the remedy to Fastify's error about a duplicated route. */
function collision (error: Error): Error {
  if ((error as { code?: unknown }).code !== 'FST_ERR_DUPLICATED_ROUTE') return error
  return new ConfigError([{ name: 'prefix', message: `must be one under which this app has no routes, such as /auth: ${error.message}` }])
}

export default fp(latchkey, { name: 'latchkey', fastify: '5.x' })
