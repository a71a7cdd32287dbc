import { setTimeout as sleep } from 'node:timers/promises'
import type { Revocation, RevocationList } from './revocation-list.ts'

/** One connection of its own, outside the pool. */
export type FeedConnection = {
  /** Rows since the cursor, and the cursor for the next time, in one snapshot. */
  poll: (cursor: string | null) => Promise<{ rows: Revocation[], cursor: string, now: number, standby: boolean }>
  notify: () => Promise<void>
  close: () => Promise<void>
  /** Settles when the connection is lost. */
  lost: Promise<void>
}

export type Feed = {
  /** Resolves after the first full load, or rejects when the database cannot be reached. */
  start: () => Promise<void>
  stop: () => Promise<void>
  /** Seconds since the last complete poll began; infinite before the first. */
  age: () => number
  /** Says to the other processes that there is something to read, at most once in 5 ms. */
  announce: () => void
}

type Options = {
  connect: (onNotification: () => void) => Promise<FeedConnection>
  list: RevocationList
  onRows?: (rows: Revocation[]) => void
  log: { warn: (details: object, message: string) => void, info: (details: object, message: string) => void }
}

const POLL_MS = 2000
const COALESCE_MS = 5
// It looks at every row, and polls come as often as logouts
const SWEEP_MS = 30_000
const RECONNECT_MS = [100, 250, 500, 1000, 2000]

/** Follows the table of revocations: a full load, then what is new every 2 s and at each notification. */
export function createFeed ({ connect, list, onRows, log }: Options): Feed {
  const stopped = new AbortController()
  let connection: FeedConnection | null = null
  let lastPoll = -Infinity
  let sweptAt = -Infinity
  let cursor: string | null = null
  let wake: () => void = () => {}
  let announcing: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()

  async function open (): Promise<FeedConnection> {
    const opened = await connect(() => wake())
    // After a reconnect everything is read again: the server may be another one, with other transaction ids
    cursor = null
    connection = opened
    return opened
  }

  async function poll (from: FeedConnection): Promise<void> {
    // Age counts from the start: what commits during the poll may not be in it
    const began = performance.now()
    const result = await from.poll(cursor)
    if (result.standby) return
    if (cursor === null) list.reload(result.rows)
    else list.apply(result.rows)
    onRows?.(result.rows)
    if (began - sweptAt > SWEEP_MS) {
      list.sweep(result.now)
      sweptAt = began
    }
    cursor = result.cursor
    lastPoll = began
  }

  async function follow (current: FeedConnection): Promise<void> {
    let lost = false
    current.lost.then(() => {
      lost = true
      wake()
    })
    while (!stopped.signal.aborted && !lost) {
      // Whatever comes during the poll leads to another one
      const news = new Promise<void>((resolve) => { wake = resolve })
      await poll(current)
      const timer = setTimeout(() => wake(), POLL_MS).unref()
      await news
      clearTimeout(timer)
    }
    if (lost) throw new Error('connection lost')
  }

  async function run (first: FeedConnection): Promise<void> {
    let next: FeedConnection | null = first
    for (let failures = 0; !stopped.signal.aborted;) {
      try {
        next ??= await open()
        const current: FeedConnection = next
        failures = 0
        await follow(current)
      } catch (error) {
        if (stopped.signal.aborted) break
        if (failures++ === 0) log.warn({ err: error }, 'The revocation feed is cut off from the database; reconnecting')
        const broken = connection
        connection = next = null
        await broken?.close().catch(() => {})
        const pause = RECONNECT_MS[Math.min(failures - 1, RECONNECT_MS.length - 1)]
        await sleep(pause, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
      }
    }
  }

  async function start (): Promise<void> {
    const first = await open()
    await poll(first)
    running = run(first)
  }

  async function stop (): Promise<void> {
    stopped.abort()
    if (announcing) clearTimeout(announcing)
    wake()
    await connection?.close().catch(() => {})
    await running
  }

  function announce (): void {
    announcing ??= setTimeout(() => {
      announcing = null
      // Lost when the connection is: the others poll every 2 s anyway
      connection?.notify().catch(() => {})
    }, COALESCE_MS)
  }

  return { start, stop, age: () => (performance.now() - lastPoll) / 1000, announce }
}
