import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import type { CoreOptions } from '../../src/compose/core.ts'
import { holdUntilEnd, isEnding } from '../../src/runtime/process-end.ts'
import { createServices, type Services } from '../../src/compose/services.ts'

// Until most have opened
const SLOW_MS = 5000
// For requests to be answered when a signal ends the process
const DRAIN_MS = 5000

/**
 * Opens the database and makes the parts. Whatever becomes of the app meanwhile, what was opened is closed: with the app, or where a signal
 * ends a process that has the embedded database. An app whose database is still being opened then is left waiting: an error would let it
 * end the process before all is closed.
 */
export async function openServices (host: FastifyInstance, config: Config, prisma: CoreOptions['prisma']): Promise<Services> {
  let opening: Promise<Services> | undefined
  let isReady = false
  let closing: Promise<void> | undefined
  const close = () => (closing ??= closeOpened(opening).finally(release))
  const end = async () => {
    if (isReady) await closeApp(host)
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

/** Requests are answered first, if they take no longer than there is time. */
async function closeApp (host: FastifyInstance): Promise<void> {
  host.log.info({}, 'Closing after a signal')
  const closed = host.close().then(() => {}, (err: unknown) => host.log.error({ err }, 'The app could not be closed'))
  await Promise.race([closed, delay(DRAIN_MS, undefined, { ref: false })])
}

/** Also when it is still being opened. One that fails has closed what it had. */
async function closeOpened (opening: Promise<Services> | undefined): Promise<void> {
  const made = await opening?.catch(() => null)
  await made?.close()
}

function slowAfter ({ initialConfig: { pluginTimeout = 0 } }: FastifyInstance): number {
  return pluginTimeout > 0 ? Math.min(SLOW_MS, pluginTimeout / 2) : SLOW_MS
}

/** A function of the host that waits for us is the one thing that its timeout can hit. */
function warnOfSlowness (host: FastifyInstance): void {
  const { pluginTimeout = 0 } = host.initialConfig
  const way = pluginTimeout > 0
    ? `: a plugin of this app that awaits Latchkey fails after ${pluginTimeout} ms; give Fastify({ pluginTimeout }) more, or register Latchkey outside of it`
    : ''
  host.log.warn({}, `Latchkey is still opening its database${way}`)
}
