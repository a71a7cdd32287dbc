import { Compile } from 'typebox/compile'
import { Heartbeat, RevocationRows } from '../schemas/feed-events.ts'
import type { ServerSentEvent } from './event-reader.ts'
import { createRevocationList, type Revocation, type RevocationList } from '../revocation/revocation-list.ts'

/** @property askedAt when it was asked for, by our clock */
export type StreamFacts = { name: string, askedAt: number }

export type RemoteReader = {
  /**
   * @returns what takes the events of one stream; it returns how many seconds a heartbeat was on its way at most, and null for others.
   * @throws NotUnderstood
   */
  begin: (stream: StreamFacts) => (event: ServerSentEvent) => number | null
  /** When the issuer knew all for certain, by our clock, as it says on the last stream; -Infinity when it does not. */
  knownAt: () => number
}

/** What comes is not what an issuer of this version says. */
class NotUnderstood extends Error {}

const SWEEP_MS = 60_000
const heartbeats = Compile(Heartbeat)
const rowLists = Compile(RevocationRows)

/**
 * Puts what a stream brings into the list. What is revoked is added at once; what a snapshot does not say is taken back when a heartbeat
 * has said that its server knows all that was heard from others: it may be behind them.
 */
export function createRemoteReader (list: Pick<RevocationList, 'apply' | 'reload' | 'sweep'>, now: () => number): RemoteReader {
  let knownAt = -Infinity
  let heardAt = -Infinity
  let sweptAt = -Infinity

  function begin ({ name, askedAt }: StreamFacts): (event: ServerSentEvent) => number | null {
    // No later than that by our clock: a heartbeat may have waited on the way for any time
    let openedAt = askedAt
    const heardBefore = heardAt
    let snapshot: RevocationList | null = null
    let hasBegun = false

    function add (rows: Revocation[]): void {
      snapshot?.apply(rows)
      list.apply(rows)
      if (rows.length > 0) heardAt = now()
    }

    /** Where the clock of the database or ours was set, the other holds. */
    function sweep (heartbeat: Heartbeat): void {
      const over = Math.min(heartbeat.now, Date.now())
      list.sweep(over)
      snapshot?.sweep(over)
      sweptAt = now()
    }

    function beat (data: string): number {
      knownAt = -Infinity
      const heartbeat = heartbeatOf(data, name)
      if (!hasBegun) throw new NotUnderstood('The stream does not begin with what is revoked')
      // The clock of the issuer runs ahead, or ours stood still: the least delay that was seen is none
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
      // Without a name: a comment by which a proxy keeps the connection open
      if (event === 'message') return null
      if (event === 'snapshot') {
        snapshot = createRevocationList()
        hasBegun = true
      } else if (event !== 'revocations') {
        throw new NotUnderstood('The issuer says something that is not understood here: this guard is older, upgrade it')
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
  throw new NotUnderstood('The issuer revokes something that is not understood here: this guard is older, or what answers is no issuer')
}

function heartbeatOf (data: string, name: string): Heartbeat {
  const heartbeat: unknown = JSON.parse(data)
  if (!heartbeats.Check(heartbeat)) {
    throw new NotUnderstood('A heartbeat does not say how old it is: the issuer is older than this guard, upgrade it first')
  }
  if (heartbeat.stream !== name) {
    throw new NotUnderstood('The heartbeat is of another stream: a cache is between that must not keep /v1/oauth/revocations')
  }
  return heartbeat
}
