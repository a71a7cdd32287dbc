import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { Config } from '../config/config.ts'
import { EMBEDDED_URL } from '../config/environment.ts'
import { openCore } from '../compose/core.ts'
import type { Log } from '../runtime/log.ts'
import { installClients } from '../compose/install.ts'
import { loadArgon2 } from '../passwords/native-modules.ts'

export type Cluster = { address: string, close: () => Promise<void> }

const RESTART_MS = 500

/**
 * Runs WORKERS processes on one port. The primary process owns the database: it starts it before the workers and stops it after them, and
 * they connect by its URL. A worker that dies is replaced.
 * @throws when a worker cannot start
 */
export async function startCluster (config: Config, log: Log): Promise<Cluster> {
  // Workers load it too, and each would report the same error
  await loadArgon2()
  const core = await openCore(config, { log })
  if (core.fresh) await installClients(core.store, config)
  // Under the name that has precedence
  const env = {
    LATCHKEY_DATABASE_URL: core.databaseUrl, LATCHKEY_APP_KEY: core.appKeys[0]!,
    ...(config.databaseUrl === undefined && { [EMBEDDED_URL]: core.databaseUrl })
  }
  let closing = false

  function fork (): Worker {
    const worker = cluster.fork(env)
    worker.once('exit', (code, signal) => {
      if (closing || !started) return
      log.warn({ worker: worker.process.pid, code, signal }, 'A worker exited and is replaced')
      setTimeout(() => { if (!closing) fork() }, RESTART_MS)
    })
    return worker
  }

  async function close (): Promise<void> {
    closing = true
    await Promise.all(Object.values(cluster.workers ?? {}).map(stop))
    await core.close()
  }

  let started = false
  try {
    const workers = Array.from({ length: config.workers }, fork)
    const [address] = await Promise.all(workers.map(listening))
    started = true
    return { address: address!, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function listening (worker: Worker): Promise<string> {
  const failed = once(worker, 'exit').then(() => { throw new Error('A worker did not start; see its message above') })
  failed.catch(() => {})
  const [address] = await Promise.race([once(worker, 'listening'), failed]) as [{ address: string | null, port: number }]
  return `http://${address.address ?? 'localhost'}:${address.port}`
}

async function stop (worker: Worker | undefined): Promise<void> {
  if (!worker || worker.isDead()) return
  const gone = once(worker, 'exit')
  worker.process.kill('SIGTERM')
  await gone
}
