import type { Readable } from 'node:stream'
import { HttpError } from '../http/http-error.ts'
import { openEventStream, type EventStreamOptions } from './event-stream.ts'
import type { RevocationList, TokenFacts } from './revocation-list.ts'

/** What a guard elsewhere follows with. */
export type FollowerToken = {
  facts: TokenFacts, kid: string, /** Seconds since 1970. */
  expiresAt: number, /** Of the stream, as its reader calls it. */ name?: string | undefined
}

export type Followers = {
  /** Ends with the token, its client and its key, and when the client may follow no more. @throws TooManyStreams */
  open: (token: FollowerToken) => Readable
  close: () => void
}

/** Answer 429 with `Retry-After`. */
export class TooManyStreams extends HttpError {
  constructor (limit: number) {
    super('LK_TOO_MANY_STREAMS', {
      message: `This client follows by ${limit} streams already; close some, or raise revocation.maxStreams`,
      retryAfter: Math.ceil(YOUNG_MS / 1000)
    })
  }
}

type Options = Omit<EventStreamOptions, 'isAllowed' | 'name'> & {
  list: Pick<RevocationList, 'revokedBy'>
  /** Streams of one client. */
  limit: number
  /** Whether the operator lets the client follow today, whatever its token says. */
  mayFollow: (clientId: string) => Promise<boolean>
}

/** A stream that is older may have lost its reader without a word, which TCP notices after a quarter of an hour. */
const YOUNG_MS = 60_000

/** Guards elsewhere that follow the revocations, by client. */
export function createFollowers ({ list, feed, limit, mayFollow, now = () => performance.now() }: Options): Followers {
  const byClient = new Map<string, Map<Readable, { since: number }>>()
  let isClosing = false

  function open ({ facts, kid, expiresAt, name }: FollowerToken): Readable {
    const { client_id: clientId } = facts
    const streams = byClient.get(clientId) ?? new Map<Readable, { since: number }>()
    if (streams.size >= limit) makeRoom(streams)
    let mayGoOn = true
    const isAllowed = () => {
      // The answer counts from the next event on, and heartbeats come every 2 s. Where the database cannot be asked, the stream still ends
      // with its token, client and key
      mayFollow(clientId).then((may) => { mayGoOn = may }, () => {})
      return mayGoOn && !isClosing && Date.now() < expiresAt * 1000 && list.revokedBy(facts, kid) === null
    }
    const stream = openEventStream({ list, feed, name, isAllowed, now })
    byClient.set(clientId, streams.set(stream, { since: now() }))
    stream.once('close', () => {
      streams.delete(stream)
      if (streams.size === 0 && byClient.get(clientId) === streams) byClient.delete(clientId)
    })
    return stream
  }

  /** The oldest goes, unless all are young: guards that are too many would otherwise push each other out without end. */
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
