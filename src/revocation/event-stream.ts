import { Readable } from 'node:stream'
import type { Heartbeat } from '../schemas/feed-events.ts'
import type { Feed } from './feed.ts'
import type { Revocation, RevocationList } from './revocation-list.ts'

export type EventStreamOptions = {
  list: Pick<RevocationList, 'rows' | 'subscribe'>
  feed: Pick<Feed, 'age' | 'databaseTime'>
  /** The name that the reader chose for this stream. */
  name?: string | undefined
  /** Whether the reader may still read; checked at each event. */
  isAllowed: () => boolean
  /** A monotonic clock, in milliseconds. */
  now: () => number
  heartbeatMs?: number
}

const HEARTBEAT_MS = 2000
/** Rows converted to text at a time. */
const BATCH = 500
/** Rows queued for a slow reader; beyond this limit it gets a new snapshot instead. */
const MAX_WAITING = 10_000
/** A reader that consumes nothing for this long is disconnected. */
const STALLED_MS = 15_000
/** Seconds that stand for an infinite age: JSON would turn Infinity into null, which JavaScript treats as 0. */
const NEVER = Number.MAX_SAFE_INTEGER

/**
 * Server-sent events (WHATWG HTML section 9.2): a `snapshot` with all revocations, then `revocations` with new ones, and `heartbeat` with
 * the `age` of the revocation data when the stream was `at` seconds old, so that a delayed heartbeat can be recognized. Text is produced
 * only when the reader takes it, so that many or slow readers use little memory.
 */
export function openEventStream (
  { list, feed, name = '', isAllowed, now, heartbeatMs = HEARTBEAT_MS }: EventStreamOptions
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
    // A heartbeat states that everything up to now is known, so it follows what was queued
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
    // Do not wait for a reader that has stopped reading
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

/** One event in pieces: a reader replaces its revocations in one go. */
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
