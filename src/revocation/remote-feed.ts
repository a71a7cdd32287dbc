import { setTimeout as sleep } from 'node:timers/promises'
import { RefusedByIssuer, type IssuerClient } from '../http/issuer-client.ts'
import { readEvents } from './event-reader.ts'
import { createRemoteReader } from './remote-reader.ts'
import type { RevocationList } from './revocation-list.ts'

export type RemoteFeed = {
  start: () => void
  stop: () => Promise<void>
  /** Seconds since the revocations were known to be complete, at the issuer. */
  age: () => number
}

type Options = {
  client: IssuerClient
  list: RevocationList
  log: { warn: (details: object, message: string) => void }
}

const RECONNECT_MS = 1000
const SWEEP_MS = 60_000
// The issuer sends a heartbeat every 2 s; silence means a cut connection
const SILENCE_MS = 6000

/** Follows the revocations of an issuer elsewhere, by server-sent events. */
export function createRemoteFeed ({ client, list, log }: Options): RemoteFeed {
  const stopped = new AbortController()
  const now = () => performance.now()
  const reader = createRemoteReader(list, now)
  let isWarned = false
  let running: Promise<void> = Promise.resolve()

  async function follow (): Promise<void> {
    const cut = new AbortController()
    const end = () => cut.abort()
    // Not AbortSignal.any: Node 20 lets go of what it makes
    stopped.signal.addEventListener('abort', end)
    let silence = setTimeout(end, SILENCE_MS)
    try {
      const { body, askedAt } = await client.stream('/v1/oauth/revocations', cut.signal)
      const take = reader.begin(askedAt)
      for await (const event of readEvents(body, cut.signal)) {
        clearTimeout(silence)
        silence = setTimeout(end, SILENCE_MS)
        take(event)
        isWarned = false
      }
      if (cut.signal.aborted && !stopped.signal.aborted) throw new Error(`Nothing came for ${SILENCE_MS / 1000} seconds`)
    } finally {
      clearTimeout(silence)
      stopped.signal.removeEventListener('abort', end)
    }
  }

  async function run (): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        await follow()
      } catch (err) {
        if (stopped.signal.aborted) return
        if (!isWarned || err instanceof RefusedByIssuer) log.warn({ err }, 'The revocations of the issuer cannot be followed; trying again')
        isWarned = true
      }
      await sleep(RECONNECT_MS, undefined, { signal: stopped.signal }).catch(() => {})
    }
  }

  const sweeper = setInterval(() => list.sweep(Date.now() - SWEEP_MS), SWEEP_MS).unref()

  return {
    start: () => { running = run() },
    stop: async () => {
      stopped.abort()
      clearInterval(sweeper)
      await running
    },
    age: () => (now() - reader.knownAt()) / 1000
  }
}
