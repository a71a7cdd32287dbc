import { Compile } from 'typebox/compile'
import { Heartbeat, RevocationRows } from '../schemas/feed-events.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ServerSentEvent } from './event-reader.ts'
import { createRevocationList, type Revocation, type RevocationList } from '../revocation/revocation-list.ts'

/** @property askedAt when the stream was requested, by our clock */
export type StreamFacts = { name: string, askedAt: number }

export type RemoteReader = {
  /**
   * @returns a consumer for the events of one stream; it returns the maximum delay of a heartbeat in seconds, and null for other events
   * @throws NotUnderstood
   */
  begin: (stream: StreamFacts) => (event: ServerSentEvent) => number | null
  /**
   * The latest time at which the issuer's data was known to be complete, by our clock, according to the last stream; -Infinity when
   * unknown.
   */
  knownAt: () => number
}

/** The events are not those of an issuer of this version. */
class NotUnderstood extends Error {}

const SWEEP_MS = 60_000
const heartbeats = Compile(Heartbeat)
const rowLists = Compile(RevocationRows)

/**
 * Applies the events of a stream to the list. Revocations are added at once. Those missing from a snapshot are removed only when a
 * heartbeat shows that its server knows everything that was received from others, since it may be behind them.
 */
export function createRemoteReader (list: Pick<RevocationList, 'apply' | 'reload' | 'sweep'>, clock: Pick<Clock, 'now' | 'monotonic'>): RemoteReader {
  const { monotonic: now } = clock
  let knownAt = -Infinity
  let heardAt = -Infinity
  let sweptAt = -Infinity

  function begin ({ name, askedAt }: StreamFacts): (event: ServerSentEvent) => number | null {
    // The earliest possible start of the stream by our clock, since a heartbeat may have been delayed for any time
    let openedAt = askedAt
    const heardBefore = heardAt
    let snapshot: RevocationList | null = null
    let hasBegun = false

    function add (rows: Revocation[]): void {
      snapshot?.apply(rows)
      list.apply(rows)
      if (rows.length > 0) heardAt = now()
    }

    /** If the clock of the database or ours was set forward, the other one prevents removing rows too early. */
    function sweep (heartbeat: Heartbeat): void {
      const over = Math.min(heartbeat.now, clock.now())
      list.sweep(over)
      snapshot?.sweep(over)
      sweptAt = now()
    }

    function beat (data: string): number {
      knownAt = -Infinity
      const heartbeat = heartbeatOf(data, name)
      if (!hasBegun) throw new NotUnderstood('The stream does not begin with a snapshot')
      // The issuer's clock runs ahead, or ours was stopped: assume that the heartbeat with the least delay had none
      openedAt = Math.min(openedAt, now() - heartbeat.at * 1000)
      const madeAt = openedAt + heartbeat.at * 1000
      knownAt = madeAt - heartbeat.age * 1000
      if (now() - sweptAt > SWEEP_MS) sweep(heartbeat)
      if (snapshot && knownAt >= heardBefore) {
        list.reload([...snapshot.rows()])
        snapshot = null
      }
      return (now() - madeAt) / 1000
    }

    return ({ event, data }) => {
      if (event === 'heartbeat') return beat(data)
      // An event without a name is a comment by which a proxy keeps the connection open
      if (event === 'message') return null
      if (event === 'snapshot') {
        snapshot = createRevocationList()
        hasBegun = true
      } else if (event !== 'revocations') {
        throw new NotUnderstood('The issuer sent an unknown event: this guard is older than the issuer, upgrade it')
      }
      add(rowsOf(data))
      return null
    }
  }

  return { begin, knownAt: () => knownAt }
}

function rowsOf (data: string): Revocation[] {
  const rows: unknown = JSON.parse(data)
  if (rowLists.Check(rows)) return rows
  throw new NotUnderstood('The issuer sent an unknown kind of revocation: this guard is older than the issuer, or the URL is not that of an issuer')
}

function heartbeatOf (data: string, name: string): Heartbeat {
  const heartbeat: unknown = JSON.parse(data)
  if (!heartbeats.Check(heartbeat)) {
    throw new NotUnderstood('A heartbeat has no valid age: the issuer is older than this guard, upgrade it first')
  }
  if (heartbeat.stream !== name) {
    throw new NotUnderstood('The heartbeat belongs to another stream: a cache in between must not store /v1/oauth/revocations')
  }
  return heartbeat
}
