import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { resolveConfig, type LatchkeyOptions } from '../src/config.ts'
import type { PrismaClient } from '../prisma/generated/client.ts'
import { mergeOptions, optionsFromEnvironment, readVariables } from '../src/environment.ts'
import { createBrowser, type Browser } from './browser.ts'
import { createServices, type Services } from '../src/services.ts'

export type ServicesOptions = LatchkeyOptions & {
  /** The host's own Prisma client, generated from a schema that holds our models; `databaseUrl` is needed beside it. */
  prisma?: PrismaClient
}

/** Makes the parts once for a host and its children, from options and environment; closes them with it. */
async function services (host: FastifyInstance, { prisma, ...options }: ServicesOptions): Promise<void> {
  if (host.hasDecorator('latchkey')) return
  const config = resolveConfig(mergeOptions(options, optionsFromEnvironment(readVariables())))
  const made = await createServices(config, { log: host.log, prisma })
  host.decorate('latchkey', { ...made, browser: createBrowser(made) })
  host.addHook('onClose', made.close)
}

export default fp(services, { name: 'latchkey-services', fastify: '5.x' })

declare module 'fastify' {
  interface FastifyInstance {
    latchkey: Services & { browser: Browser }
  }
}
