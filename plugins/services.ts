import type { FastifyBaseLogger, FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { ConfigError } from '../src/config/config-error.ts'
import type { Config, LatchkeyOptions } from '../src/config/config.ts'
import type { PrismaClient } from '../prisma/generated/client.ts'
import { configFrom, readEnvironment, readVariables } from '../src/config/environment.ts'
import { followPort, placeOf, tellAddress } from './http/follow-port.ts'
import { createBrowser } from './browser/browser.ts'
import { alreadyRegistered, refuseOtherOptions } from './http/plugin-registration.ts'
import { openServices } from './http/opening.ts'
import { createLatchkey, internals } from './internals.ts'

export type ServicesOptions = LatchkeyOptions & {
  /** The host's own Prisma client, generated from a schema that includes our models. `databaseUrl` is required as well. */
  prisma?: PrismaClient
}

/** Passes on a configuration that the standalone server has already read from its variables and `.env`. */
export const RESOLVED = Symbol('resolved configuration')

export type ResolvedOptions = { [RESOLVED]: Config, prisma?: PrismaClient }

const clients = new WeakMap<object, PrismaClient | undefined>()

/**
 * Creates the services once for a host and its child scopes, from options and environment, and closes them with the host. A plugin that
 * needs them is registered right after this one, and neither is awaited: awaiting would count against the host's pluginTimeout.
 */
async function services (host: FastifyInstance, { prisma, ...options }: ServicesOptions | ResolvedOptions): Promise<void> {
  if (prisma !== undefined && typeof (prisma as Partial<PrismaClient> | null)?.$transaction !== 'function') {
    throw new ConfigError([{ name: 'prisma', message: 'must be a Prisma client, such as new PrismaClient({ adapter })' }])
  }
  const config = RESOLVED in options ? options[RESOLVED] : configOf(options, host)
  if (host.hasDecorator('latchkey')) {
    if (prisma && prisma !== clients.get(host.latchkey)) throw alreadyRegistered('latchkey', ', with another Prisma client')
    return RESOLVED in options ? undefined : refuseOtherOptions(options, config, internals(host).config)
  }
  if (!(RESOLVED in options)) warnOfDatabase(config, host.log)
  for (const sentence of config.deprecations) host.log.warn({}, sentence)
  followPort(host, config, (bound) => tellAddress(config, bound, host.log))
  const plugin = opened(host, config, prisma)
  // avvio handles a rejection, but one tick later, when Node has already reported it as unhandled
  plugin.catch(() => {})
  host.register(plugin)
}

/**
 * avvio sets no timeout for a plugin that is a promise. The promise stays pending if the app has started in the meantime: avvio would
 * otherwise load the next plugins into a running app.
 */
async function opened (host: FastifyInstance, config: Config, prisma: PrismaClient | undefined): Promise<{ default: FastifyPluginAsync }> {
  const made = await openServices(host, config, prisma)
  try {
    host.decorate('latchkey', createLatchkey(made, createBrowser(made)))
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'FST_ERR_DEC_AFTER_START') throw error
    await new Promise(() => {})
  }
  clients.set(host.latchkey, prisma)
  return { default: fp(async () => {}, { name: 'latchkey-opened', fastify: '5.x' }) }
}

/** Reads only variables with our prefix, since the others belong to the host, unless it sets `env: true`. */
function configOf (options: LatchkeyOptions, host: FastifyInstance): Config {
  return configFrom(options, readEnvironment(readVariables(), { prefixedOnly: options.env !== true }), placeOf(host))
}

function warnOfDatabase (config: Config, log: FastifyBaseLogger): void {
  if (!config.databaseUrl && readVariables()['DATABASE_URL']) {
    log.warn(
      {},
      `DATABASE_URL belongs to the host: Latchkey uses the embedded database in ${config.dataDir}. To share the host's database, set databaseUrl (or LATCHKEY_DATABASE_URL), or env: true`
    )
  }
}

export default fp(services, { name: 'latchkey-services', fastify: '5.x' })
