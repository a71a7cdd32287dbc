import { setTimeout as sleep } from 'node:timers/promises'

export type PurgeOptions = {
  /** Delete what has expired. */
  expired: boolean
  /** Delete what was revoked, whatever its expiry. */
  revoked: boolean
  /** Seconds that must have passed since the end. */
  keep: number
  /** Seconds for which audit events are kept. */
  auditRetention: number
  /** Deletes users whose days of grace are over, with what has expired. Always after these days, whatever `keep` says. */
  users?: PurgeStep
}

export type Batch = { count: number, cursor: string | null, done: boolean }

/** Deletes from one table in batches; the cursor is returned by the previous batch. */
export type PurgeStep = { table: string, batch: (limit: number, cursor: string | null) => Promise<Batch> }

export type PurgeStore = {
  steps: (options: PurgeOptions) => PurgeStep[]
  /**
   * Runs the work unless another process is purging; the signal aborts when the lock is lost.
   * @returns null when another process is purging
   */
  alone: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T | null>
}

/** Rows deleted, by table. */
export type Purged = Record<string, number>

const FIRST_LIMIT = 100
const MAX_LIMIT = 5000
// A batch is what the database deletes in this time ...
const BATCH_MS = 10
// ... followed by a pause four times as long as it took, so that purging uses at most a fifth of one connection
const REST = 4

/**
 * Deletes, slowly, what is no longer needed.
 * @returns null when another process is purging
 */
export async function purge (store: PurgeStore, options: PurgeOptions, stop: AbortSignal): Promise<Purged | null> {
  return await store.alone(async (alone) => {
    const signal = AbortSignal.any([stop, alone])
    const purged: Purged = {}
    const steps = [...(options.expired && options.users ? [options.users] : []), ...store.steps(options)]
    for (const { table, batch } of steps) {
      purged[table] = (purged[table] ?? 0) + await walk(batch, signal)
    }
    return purged
  })
}

async function walk (batch: PurgeStep['batch'], signal: AbortSignal): Promise<number> {
  let total = 0
  let cursor: string | null = null
  let limit = FIRST_LIMIT
  while (!signal.aborted) {
    const began = performance.now()
    const result: Batch = await batch(limit, cursor)
    const took = performance.now() - began
    total += result.count
    if (result.done) break
    cursor = result.cursor
    limit = nextLimit(limit, took)
    await sleep(took * REST, undefined, { signal }).catch(() => {})
  }
  return total
}

/** At most doubles or halves the limit, since a single slow batch says little. */
function nextLimit (limit: number, took: number): number {
  const factor = Math.min(2, Math.max(0.5, BATCH_MS / took))
  return Math.min(MAX_LIMIT, Math.max(1, Math.round(limit * factor)))
}
