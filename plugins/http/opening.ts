import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import type { CoreOptions } from '../../src/compose/core.ts'
import { holdUntilEnd, isEnding } from '../../src/runtime/process-end.ts'
import { createServices, type Services } from '../../src/compose/services.ts'

// Milliseconds in which most databases have opened
const SLOW_MS = 5000
// Milliseconds in which in-flight requests may finish after a signal
const DRAIN_MS = 5000
// Milliseconds in which an app that has begun to listen does so on all its addresses
const LISTEN_MS = 1000

/**
 * Opens the database and creates the services. Whatever was opened is closed again: with the app, or when a signal ends a process that has
 * the embedded database. If a signal arrives while the database is still opening, the promise stays pending: an error would let the app end
 * the process before everything is closed.
 */
export async function openServices (host: FastifyInstance, config: Config, prisma: CoreOptions['prisma']): Promise<Services> {
  let opening: Promise<Services> | undefined
  let isReady = false
  let closing: Promise<void> | undefined
  const close = () => (closing ??= closeOpened(opening).finally(release))
  const listened = new Promise<void>((resolve) => { host.addHook('onListen', async () => { resolve() }) })
  const end = async () => {
    if (isReady) await closeApp(host, listened)
    await close()
  }
  const release = config.databaseUrl ? () => {} : holdUntilEnd({ close: end })
  host.addHook('onClose', close)
  host.addHook('onReady', async () => { isReady = true })
  const slow = setTimeout(() => warnOfSlowness(host), slowAfter(host)).unref()
  try {
    opening = createServices(config, { log: host.log, prisma })
    return await opening
  } catch (error) {
    await close()
    throw error
  } finally {
    clearTimeout(slow)
    if (isEnding()) await new Promise(() => {})
  }
}

/**
 * Lets in-flight requests finish first, for up to DRAIN_MS. Fastify throws where nobody can catch it when it is closed while it looks up
 * further addresses of `localhost`, so it finishes that first.
 */
async function closeApp (host: FastifyInstance, listened: Promise<void>): Promise<void> {
  host.log.info({}, 'Closing after a signal')
  if (host.server.listening) await Promise.race([listened, delay(LISTEN_MS, undefined, { ref: false })])
  const closed = host.close().then(() => {}, (err: unknown) => host.log.error({ err }, 'The app could not be closed'))
  await Promise.race([closed, delay(DRAIN_MS, undefined, { ref: false })])
}

/** Closes a database that is still opening as well. An attempt that fails has closed what it opened. */
async function closeOpened (opening: Promise<Services> | undefined): Promise<void> {
  const made = await opening?.catch(() => null)
  await made?.close()
}

function slowAfter ({ initialConfig: { pluginTimeout = 0 } }: FastifyInstance): number {
  return pluginTimeout > 0 ? Math.min(SLOW_MS, pluginTimeout / 2) : SLOW_MS
}

/** A plugin of the host that awaits Latchkey is subject to the plugin timeout; Latchkey itself is not. */
function warnOfSlowness (host: FastifyInstance): void {
  const { pluginTimeout = 0 } = host.initialConfig
  const way = pluginTimeout > 0
    ? `: a plugin of this app that awaits Latchkey fails after ${pluginTimeout} ms; give Fastify({ pluginTimeout }) more, or register Latchkey outside of it`
    : ''
  host.log.warn({}, `Latchkey is still opening its database${way}`)
}
