import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../runtime/clock.ts'
import { createReader } from './feed-reader.ts'
import { createFreshness, NotTaken, type ServerState } from './freshness.ts'
import type { Revocation, RevocationList } from './revocation-list.ts'

export type FeedNews = ServerState & {
  rows: Revocation[]
  cursor: string
  /** Milliseconds of the database's clock. */
  now: number
}

/** One connection of its own, outside the pool. */
export type FeedConnection = {
  /** Rows since the cursor, the next cursor and the identity of the server, in one snapshot. */
  poll: (cursor: string | null) => Promise<FeedNews>
  /**
   * Commits the pulse that follows this number; null when another process commits it.
   * @throws NotTaken
   */
  pulse: (from: string | null) => Promise<string | null>
  notify: () => Promise<void>
  close: () => Promise<void>
  /** Settles when the connection is lost. */
  lost: Promise<void>
}

export type Feed = {
  /** Resolves after the first full load, or rejects when the database cannot be reached. */
  start: () => Promise<void>
  stop: () => Promise<void>
  /** Seconds since the list was known to be complete according to the live primary; infinite before the first time. */
  age: () => number
  /** Milliseconds of the database's clock, at the last poll. */
  databaseTime: () => number
  /** Notifies the other processes that there is something to read, at most once in 5 ms. */
  announce: () => void
}

type Options = {
  connect: (onNotification: () => void) => Promise<FeedConnection>
  list: RevocationList
  onRows?: (rows: Revocation[]) => void
  log: { warn: (details: object, message: string) => void, info: (details: object, message: string) => void }
  clock: Pick<Clock, 'now' | 'monotonic'>
}

const POLL_MS = 2000
const COALESCE_MS = 5
// A sweep visits every row, and polls are as frequent as logouts
const SWEEP_MS = 30_000
const RECONNECT_MS = [100, 250, 500, 1000, 2000]
// Without commits from the database the server still starts, and answers 503 where revocations matter
const START_MS = 3000

/** Follows the revocations table: a full load, then new rows every 2 s and at each notification. */
export function createFeed ({ connect, list, onRows, log, clock }: Options): Feed {
  const { monotonic: now } = clock
  const stopped = new AbortController()
  const freshness = createFreshness({ interval: POLL_MS, now })
  const reader = createReader(list, log)
  let connection: FeedConnection | null = null
  let sweptAt = -Infinity
  let databaseTime = 0
  let wake: () => void = () => {}
  let announcing: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()
  let isRefused = false
  let settle: () => void = () => {}
  const settled = new Promise<void>((resolve) => { settle = resolve })

  async function open (): Promise<FeedConnection> {
    const opened = await connect(() => wake())
    // After a reconnect, everything is read again
    reader.restart()
    connection = opened
    return opened
  }

  async function poll (from: FeedConnection): Promise<void> {
    // The age runs from the start of the poll: rows that commit during it may be missing
    const began = now()
    const news = await from.poll(reader.cursor())
    const observation = freshness.observe(news, began)
    if (news.standby) return settle()
    if (!reader.take(news, observation)) return await poll(from)
    onRows?.(news.rows)
    databaseTime = news.now
    if (began - sweptAt > SWEEP_MS) {
      // If one of the two clocks was set forward, the other one prevents removing rows too early
      list.sweep(Math.min(databaseTime, clock.now()))
      sweptAt = began
    }
    if (observation.provenAt !== null) settle()
  }

  async function pulse (by: FeedConnection): Promise<void> {
    const began = now()
    try {
      const number = await by.pulse(freshness.number())
      if (number === null) return freshness.yielded()
      freshness.made(number, began)
      isRefused = false
    } catch (err) {
      freshness.failed()
      settle()
      if (!(err instanceof NotTaken)) throw err
      if (!isRefused) {
        log.warn({ err }, 'The database accepts no commit, so it may not be the primary: guards answer 503 if this lasts')
      }
      isRefused = true
    }
  }

  async function follow (current: FeedConnection): Promise<void> {
    let lost = false
    current.lost.then(() => {
      lost = true
      wake()
    })
    while (!stopped.signal.aborted && !lost) {
      if (freshness.dueIn() <= 0) await pulse(current)
      // A notification during the poll leads to another poll
      const news = new Promise<void>((resolve) => { wake = resolve })
      await poll(current)
      const timer = setTimeout(() => wake(), Math.max(0, Math.min(POLL_MS, freshness.dueIn()))).unref()
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
        if (failures++ === 0) log.warn({ err: error }, 'The revocation feed lost its connection to the database; reconnecting')
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
    const timer = setTimeout(settle, START_MS)
    await settled
    clearTimeout(timer)
  }

  async function stop (): Promise<void> {
    stopped.abort()
    if (announcing) clearTimeout(announcing)
    wake()
    settle()
    await connection?.close().catch(() => {})
    await running
  }

  function announce (): void {
    announcing ??= setTimeout(() => {
      announcing = null
      // A notification may be lost with the connection: the others poll every 2 s anyway
      connection?.notify().catch(() => {})
    }, COALESCE_MS)
  }

  return { start, stop, age: () => (now() - reader.knownAt()) / 1000, databaseTime: () => databaseTime, announce }
}
