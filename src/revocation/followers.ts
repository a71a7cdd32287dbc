import type { Readable } from 'node:stream'
import { HttpError } from '../http/http-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { openEventStream, type EventStreamOptions } from './event-stream.ts'
import type { RevocationList, TokenFacts } from './revocation-list.ts'

/** Facts of the token with which a remote guard follows the revocations. */
export type FollowerToken = {
  facts: TokenFacts
  kid: string
  /** Seconds since 1970. */
  expiresAt: number
  /** Of the stream, chosen by its reader. */
  name?: string | undefined
}

export type Followers = {
  /**
   * The stream ends with the token, its client or its key, and when the client may no longer follow.
   * @throws TooManyStreams
   */
  open: (token: FollowerToken) => Readable
  close: () => void
}

/** Answer 429 with `Retry-After`. */
export class TooManyStreams extends HttpError {
  constructor (limit: number) {
    super('LK_TOO_MANY_STREAMS', {
      message: `This client already has ${limit} open streams; close some, or raise revocation.maxStreams`,
      retryAfter: Math.ceil(YOUNG_MS / 1000)
    })
  }
}

type Options = Omit<EventStreamOptions, 'isAllowed' | 'name' | 'now'> & {
  clock: Pick<Clock, 'now' | 'monotonic'>
  list: Pick<RevocationList, 'revokedBy'>
  /** Streams per client. */
  limit: number
  /** Whether the operator currently lets the client follow, whatever its token says. */
  mayFollow: (clientId: string) => Promise<boolean>
}

/** An older stream may have lost its reader unnoticed, which TCP detects only after a quarter of an hour. */
const YOUNG_MS = 60_000

/** Remote guards that follow the revocations, by client. */
export function createFollowers ({ list, feed, limit, mayFollow, clock }: Options): Followers {
  const { monotonic: now } = clock
  const byClient = new Map<string, Map<Readable, { since: number }>>()
  let isClosing = false

  function open ({ facts, kid, expiresAt, name }: FollowerToken): Readable {
    const { client_id: clientId } = facts
    const streams = byClient.get(clientId) ?? new Map<Readable, { since: number }>()
    if (streams.size >= limit) makeRoom(streams)
    let mayGoOn = true
    const isAllowed = () => {
      // The result applies from the next event on, and heartbeats come every 2 s. Without the database, the stream still ends with its
      // token, client and key
      mayFollow(clientId).then((may) => { mayGoOn = may }, () => {})
      return mayGoOn && !isClosing && clock.now() < expiresAt * 1000 && list.revokedBy(facts, kid) === null
    }
    const stream = openEventStream({ list, feed, name, isAllowed, now })
    byClient.set(clientId, streams.set(stream, { since: now() }))
    stream.once('close', () => {
      streams.delete(stream)
      if (streams.size === 0 && byClient.get(clientId) === streams) byClient.delete(clientId)
    })
    return stream
  }

  /** Closes the oldest stream, unless all are young: too many guards would otherwise keep disconnecting each other. */
  function makeRoom (streams: Map<Readable, { since: number }>): void {
    const [oldest] = streams
    if (!oldest || now() - oldest[1].since < YOUNG_MS) throw new TooManyStreams(limit)
    streams.delete(oldest[0])
    oldest[0].destroy()
  }

  function close (): void {
    isClosing = true
    for (const streams of byClient.values()) for (const stream of streams.keys()) stream.destroy()
  }

  return { open, close }
}
