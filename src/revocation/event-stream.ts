import { Readable } from 'node:stream'
import type { Heartbeat } from '../schemas/feed-events.ts'
import type { Feed } from './feed.ts'
import type { Revocation, RevocationList } from './revocation-list.ts'

export type EventStreamOptions = {
  list: Pick<RevocationList, 'rows' | 'subscribe'>
  feed: Pick<Feed, 'age' | 'databaseTime'>
  /** As the reader calls it. */
  name?: string | undefined
  /** Whether who reads may still do so; asked at each event. */
  isAllowed: () => boolean
  /** Milliseconds that only go forward. */
  now?: () => number
  heartbeatMs?: number
}

const HEARTBEAT_MS = 2000
/** Rows that are made into text in one go. */
const BATCH = 500
/** Rows that wait for a reader who is behind; more of them are told by another snapshot. */
const MAX_WAITING = 10_000
/** A reader who takes nothing for this long has gone, or is too slow to be of use. */
const STALLED_MS = 15_000
/** Seconds that stand for an age without an end: JSON would make null of it, and null counts as 0 in JavaScript. */
const NEVER = Number.MAX_SAFE_INTEGER

/**
 * Server-sent events (WHATWG HTML section 9.2): `snapshot` with all that is revoked, then `revocations` with what is new, and `heartbeat`
 * with the `age` of this knowledge when the stream was `at` seconds old, so that whoever gets it late knows that. Text is made when the
 * reader takes it:
 * however many follow,
 * and however slow they are, little of it waits in memory.
 */
export function openEventStream (
  { list, feed, name = '', isAllowed, now = () => performance.now(), heartbeatMs = HEARTBEAT_MS }: EventStreamOptions
): Readable {
  let snapshot: Generator<string, undefined> | null = snapshotText(list.rows())
  let isSnapshotDue = false
  let waiting: Revocation[] = []
  let isBeatDue = true
  let isWanted = false
  let hasEnded = false
  const began = now()
  let takenAt = began

  const stream = new Readable({
    read () {
      isWanted = true
      takenAt = now()
      send()
    },
    destroy (error, done) {
      clearInterval(timer)
      unsubscribe()
      waiting = []
      done(error)
    }
  })

  function next (): string | null {
    const value = snapshot?.next().value
    if (value !== undefined) return value
    snapshot = isSnapshotDue ? snapshotText(list.rows()) : null
    isSnapshotDue = false
    if (snapshot) return next()
    if (waiting.length > 0) return eventText('revocations', waiting.splice(0, BATCH))
    // It says that all is known up to now: after what waited
    if (!isBeatDue) return null
    isBeatDue = false
    const heartbeat: Heartbeat = { stream: name, at: (now() - began) / 1000, age: Math.min(feed.age(), NEVER), now: feed.databaseTime() }
    return eventText('heartbeat', heartbeat)
  }

  function send (): void {
    if (hasEnded) return
    if (!isAllowed()) return end()
    while (isWanted) {
      const text = next()
      if (text === null) return
      isWanted = stream.push(text)
    }
  }

  function end (): void {
    hasEnded = true
    // Nobody waits for who does not read
    if (isWanted) stream.push(null)
    else stream.destroy()
  }

  const unsubscribe = list.subscribe((rows, isAll) => {
    if (isAll || waiting.length + rows.length > MAX_WAITING) {
      isSnapshotDue = true
      waiting = []
    } else {
      waiting.push(...rows)
    }
    send()
  })
  const timer = setInterval(() => {
    isBeatDue = true
    if (!isWanted && now() - takenAt > STALLED_MS) stream.destroy()
    else send()
  }, heartbeatMs)
  return stream
}

const eventText = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** One event in pieces: a reader replaces what it knows in one go. */
function * snapshotText (rows: Iterable<Revocation>): Generator<string, undefined> {
  let piece = 'event: snapshot\ndata: ['
  let count = 0
  for (const row of rows) {
    piece += `${count === 0 ? '' : ','}${JSON.stringify(row)}`
    if (++count % BATCH !== 0) continue
    yield piece
    piece = ''
  }
  yield `${piece}]\n\n`
}
