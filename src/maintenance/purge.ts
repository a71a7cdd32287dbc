import { setTimeout as sleep } from 'node:timers/promises'

export type PurgeOptions = {
  /** What has ended by itself. */
  expired: boolean
  /** What was revoked, however long it would have lived. */
  revoked: boolean
  /** Seconds that must have passed since the end. */
  keep: number
  /** Seconds that audit events are kept. */
  auditRetention: number
}

export type Batch = { count: number, cursor: string | null, done: boolean }

/** One walk through a table, a batch at a time; the cursor is that of the batch before. */
export type PurgeStep = { table: string, batch: (limit: number, cursor: string | null) => Promise<Batch> }

export type PurgeStore = {
  steps: (options: PurgeOptions) => PurgeStep[]
  /**
   * Runs the work unless another process is at it; the signal says that this one is no longer alone. @returns null when another one is at
   * it
   */
  alone: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T | null>
}

/** Rows deleted, by table. */
export type Purged = Record<string, number>

const FIRST_LIMIT = 100
const MAX_LIMIT = 5000
// A batch is as large as what the database deletes in this time ...
const BATCH_MS = 10
// ... and four times as long as it took nothing is deleted, so that requests lose at most a fifth of one connection
const REST = 4

/** Deletes what nobody needs any more, slowly. @returns null when another process is at it */
export async function purge (store: PurgeStore, options: PurgeOptions, stop: AbortSignal): Promise<Purged | null> {
  return await store.alone(async (alone) => {
    const signal = AbortSignal.any([stop, alone])
    const purged: Purged = {}
    for (const { table, batch } of store.steps(options)) {
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

/** At most doubled or halved at a time: one slow batch says little. */
function nextLimit (limit: number, took: number): number {
  const factor = Math.min(2, Math.max(0.5, BATCH_MS / took))
  return Math.min(MAX_LIMIT, Math.max(1, Math.round(limit * factor)))
}
