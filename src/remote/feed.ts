import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { RefusedByIssuer, type IssuerClient } from './issuer-client.ts'
import type { Clock } from '../runtime/clock.ts'
import { readEvents } from './event-reader.ts'
import { createRemoteReader } from './feed-reader.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'

export type RemoteFeed = {
  start: () => void
  stop: () => Promise<void>
  /** Seconds since the revocations were known to be complete at the issuer. */
  age: () => number
}

type Options = {
  client: Pick<IssuerClient, 'stream'>
  list: RevocationList
  log: { warn: (details: object, message: string) => void }
  silenceMs?: number
  patienceMs?: number
  clock: Pick<Clock, 'now' | 'monotonic' | 'missed'>
  /** Waits, or until the signal aborts. */
  pause?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

// The issuer sends a heartbeat every 2 s; a longer silence means a cut connection
const SILENCE_MS = 6000
/** A large snapshot takes time over a slow line; data that a proxy sends to keep a connection open is not a heartbeat. */
const PATIENCE_MS = 30_000
/** Increasing delays, randomized so that not all guards reconnect at once to an issuer that has just started. */
const RECONNECT_MS = { first: 1000, most: 8000, whenTold: 60_000 }

/** Follows the revocations of a remote issuer, by server-sent events. */
export function createRemoteFeed (
  { client, list, log, silenceMs = SILENCE_MS, patienceMs = PATIENCE_MS, clock, pause = sleeping }: Options
): RemoteFeed {
  const { monotonic, missed } = clock
  const stopped = new AbortController()
  const reader = createRemoteReader(list, clock)
  let failures = 0
  let warned: string | null = null
  let running: Promise<void> = Promise.resolve()

  async function follow (): Promise<void> {
    const cut = new AbortController()
    const end = () => cut.abort(stopped.signal.reason)
    // Not AbortSignal.any, whose signals Node 20 garbage-collects too early
    stopped.signal.addEventListener('abort', end)
    const silence = deadline(cut, silenceMs, 'Nothing came')
    const patience = deadline(cut, patienceMs, 'No heartbeat that is new came')
    const before = missed()
    const onBytes = () => {
      silence.refresh()
      // Buffered events may date from before the suspension, and the issuer has moved on
      if (missed() !== before) cut.abort(new Error('The machine was suspended, or its clock was set forward'))
    }
    let heartbeats = 0
    try {
      const name = randomUUID()
      const { body, askedAt } = await client.stream(`/v1/oauth/revocations?stream=${name}`, cut.signal)
      const take = reader.begin({ name, askedAt })
      for await (const event of readEvents(body, cut.signal, onBytes)) {
        const delay = take(event)
        if (delay === null || delay * 1000 > silenceMs) continue
        patience.refresh()
        heartbeats++
        // A stream that always ends immediately is not a success
        if (heartbeats > 1) failures = 0
        warned = null
      }
      cut.signal.throwIfAborted()
      if (heartbeats === 0) throw new Error('The stream ended before a heartbeat came')
    } finally {
      clearTimeout(silence)
      clearTimeout(patience)
      stopped.signal.removeEventListener('abort', end)
    }
  }

  /** Logs each reason once, until the feed works again. */
  function warn (err: unknown): void {
    const reason = err instanceof Error ? err.message : String(err)
    if (reason !== warned) log.warn({ err }, 'The revocations of the issuer cannot be followed; trying again')
    warned = reason
  }

  async function run (): Promise<void> {
    while (!stopped.signal.aborted) {
      let told = 0
      try {
        await follow()
      } catch (err) {
        if (stopped.signal.aborted) return
        if (err instanceof RefusedByIssuer) told = Math.min((err.retryAfter ?? 0) * 1000, RECONNECT_MS.whenTold)
        warn(err)
      }
      const later = Math.min(RECONNECT_MS.first * 2 ** failures++, RECONNECT_MS.most)
      await pause(told + later * (0.5 + Math.random() / 2), stopped.signal)
    }
  }

  return {
    start: () => { running = run() },
    stop: async () => {
      stopped.abort()
      await running
    },
    age: () => (monotonic() - reader.knownAt()) / 1000
  }
}

const sleeping = async (milliseconds: number, signal: AbortSignal) => await sleep(milliseconds, undefined, { signal }).catch(() => {})

function deadline (cut: AbortController, milliseconds: number, what: string): NodeJS.Timeout {
  return setTimeout(() => cut.abort(new Error(`${what} for ${milliseconds / 1000} s`)), milliseconds)
}
