import type { Config } from '../config/config.ts'
import type { Log } from '../runtime/log.ts'
import { timerMs } from '../runtime/timer.ts'
import type { PurgeStep, PurgeStore } from './purge.ts'

type Options = {
  config: Pick<Config, 'purgeEvery' | 'auditRetention'>
  store: { purge: PurgeStore }
  /** Deletes users whose days of grace are over. */
  users: () => Promise<PurgeStep>
}

export type PurgeJob = { stop: () => Promise<void> }

// A server that has just started is busy
const FIRST_AFTER = 60
// Spreads servers that were started together
const JITTER = 0.25

/** Periodically deletes what has expired, while the process runs. */
export function startPurgeJob ({ config, store, users }: Options, log: Log): PurgeJob {
  const { purgeEvery, auditRetention } = config
  const stopped = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  async function run (): Promise<void> {
    try {
      const options = { expired: true, revoked: false, keep: 0, auditRetention, users: await users() }
      const { purge } = await import('./purge.ts')
      const purged = await purge(store.purge, options, stopped.signal)
      if (Object.values(purged ?? {}).some((count) => count > 0)) log.info({ purged }, 'Expired rows purged')
    } catch (err) {
      if (!stopped.signal.aborted) log.warn({ err }, 'Expired rows could not be purged')
    }
    schedule(purgeEvery)
  }

  function schedule (seconds: number): void {
    if (stopped.signal.aborted) return
    const spread = 1 + JITTER * (2 * Math.random() - 1)
    timer = setTimeout(() => { running = run() }, timerMs(seconds * spread)).unref()
  }

  async function stop (): Promise<void> {
    stopped.abort()
    clearTimeout(timer)
    await running
  }

  if (purgeEvery > 0) schedule(Math.min(FIRST_AFTER, purgeEvery))
  return { stop }
}
