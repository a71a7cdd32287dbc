import cluster from 'node:cluster'
import type { FastifyInstance } from 'fastify'
import type { Context } from './context.ts'
import { CRASHES, onStop, SIGNALS } from '../server/stop.ts'

/** `docker stop` kills after this time. */
const GRACE_MS = 10_000
/** Connections are cut after this time, so that the rest can still be closed. */
const DRAIN_MS = 7000
const SWEEP_MS = 50

type Running = { address: string, close: () => Promise<void>, log: (details: object, message: string) => void }

/** Runs the server until the process is told to stop; then answers open requests, stops its database and exits. */
export async function serve (context: Context): Promise<null> {
  const { config } = context
  const { default: closeWithGrace } = await import('close-with-grace')
  const starting = config.workers > 1 && cluster.isPrimary ? startWorkers(context) : startAlone(context)
  // Writing to a closed terminal fails
  process.stderr.on('error', () => {})
  let reason: string | undefined
  const grace = closeWithGrace({
    delay: GRACE_MS,
    logger: false,
    skip: [...SIGNALS, ...CRASHES],
    onTimeout: () => { process.stderr.write(`error: something was still open ${GRACE_MS / 1000} seconds after the signal\n`) }
  }, async ({ signal = reason, err }) => {
    const { close, log } = await starting
    log({ signal, err }, err ? 'Closing after an unexpected error' : 'Closing')
    await close()
  })
  const unhear = onStop({
    stop: (told) => {
      reason = told
      grace.close()
    },
    now: () => process.exit(1)
  })
  try {
    const { address } = await starting
    if (process.stdout.isTTY && cluster.isPrimary) greet(address, config)
    return null
  } catch (error) {
    unhear()
    grace.uninstall()
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? portTaken(config, error) : error
  }
}

async function startAlone ({ options, variables }: Context): Promise<Running> {
  const { startServer } = await import('../server/server.ts')
  const { app, address } = await startServer(options, variables)
  return { address, close: () => drain(app), log: (details, message) => app.log.info(details, message) }
}

/** Closes once every open request is answered. */
async function drain (app: FastifyInstance): Promise<void> {
  // At close, Node ends the connections that are idle, but not those that become idle later
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
  const cut = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  await app.close()
  clearInterval(sweep)
  clearTimeout(cut)
}

async function startWorkers ({ config, log }: Context): Promise<Running> {
  const { startCluster } = await import('../server/cluster.ts')
  const { address, close } = await startCluster(config, log)
  return { address, close, log: log.info }
}

function greet (address: string, { prefix, routes }: Context['config']): void {
  process.stderr.write(`Latchkey listens on ${address}${prefix}\n${routes.docs ? `API documentation: ${address}${prefix}/docs\n` : ''}`)
}

function portTaken ({ host, port }: Context['config'], cause: unknown): Error {
  return new Error(`Port ${port} of ${host} is in use by another program; stop it, or set another PORT`, { cause })
}
