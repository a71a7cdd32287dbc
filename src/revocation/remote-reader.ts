import type { ServerSentEvent } from './event-reader.ts'
import type { Revocation, RevocationList } from './revocation-list.ts'

export type RemoteReader = {
  /**
   * What takes the events of one stream.
   * @param askedAt when it was asked for
   */
  begin: (askedAt: number) => (event: ServerSentEvent) => void
  /** When the issuer knew all for certain, by our clock, as it says on the last stream; -Infinity when it does not. */
  knownAt: () => number
}

/**
 * Puts what a stream brings into the list. What is revoked is added at once; what a snapshot does not say is taken back when a heartbeat has
 * said that its server knows no less than we do: the server before may have known more.
 */
export function createRemoteReader (list: Pick<RevocationList, 'apply' | 'reload'>, now: () => number): RemoteReader {
  let knownAt = -Infinity
  // Up to here the list is whole, whatever a server that is behind says since
  let wholeAt = -Infinity

  function begin (askedAt: number): (event: ServerSentEvent) => void {
    let snapshot: Revocation[] | null = null

    function add (rows: Revocation[]): void {
      if (snapshot) for (const row of rows) snapshot.push(row)
      list.apply(rows)
    }

    function beat (heartbeat: unknown): void {
      knownAt = timeOf(heartbeat, askedAt, now())
      if (knownAt < wholeAt) return
      wholeAt = knownAt
      if (snapshot) list.reload(snapshot)
      snapshot = null
    }

    return ({ event, data }) => {
      if (event === 'heartbeat') return beat(JSON.parse(data))
      if (event !== 'snapshot' && event !== 'revocations') return
      if (event === 'snapshot') snapshot = []
      add(JSON.parse(data) as Revocation[])
    }
  }

  return { begin, knownAt: () => knownAt }
}

/**
 * A heartbeat may have waited in a buffer for any time. It was made `at` seconds after its stream was opened, which was after we had asked for it: so
 * no two clocks need to agree, and what is not certain makes it older. What is no number of seconds says nothing.
 */
function timeOf (heartbeat: unknown, askedAt: number, now: number): number {
  const { at, age } = Object(heartbeat) as { at?: unknown, age?: unknown }
  if (!isSeconds(at) || !isSeconds(age)) return -Infinity
  return Math.min(askedAt + at * 1000, now) - age * 1000
}

const isSeconds = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0
