import { isClientId } from '../crypto/secrets.ts'
import type { Events } from '../events/events.ts'
import { followsRevocations } from '../oauth/scopes.ts'
import { openFeedConnection } from '../revocation/feed-connection.store.ts'
import { createFeed, type Feed } from '../revocation/feed.ts'
import { createFolding } from '../revocation/fold.ts'
import { createFollowers, type Followers } from '../revocation/followers.ts'
import { createRevocationList, type Revocation, type RevocationList } from '../revocation/revocation-list.ts'
import { createClock } from '../runtime/clock.ts'
import type { Log } from '../runtime/log.ts'
import type { ClientServices } from './clients.ts'
import type { Core } from './core.ts'

export type RevocationServices = {
  /** All revocations, in memory. */
  list: RevocationList
  /** Receives revocations of other processes, and announces those of this one. */
  feed: Feed
  /** Remote guards. */
  followers: Followers
}

type Dependencies = Core & { clients: ClientServices, events: Events, log: Log }

/** Applies revocations of this process after their commit; the feed, which is not yet started, brings the others. */
export function followRevocations (
  { config, clock: { now }, directUrl, store, keys, clients, events, log }: Dependencies
): RevocationServices {
  const list = createRevocationList()
  // A test that moves the time does not make the revocations older
  const clock = { now, monotonic: createClock().monotonic }
  const feed = createFeed({
    connect: (onNotification) => openFeedConnection(directUrl, onNotification), list, onRows: onOthers, clock, log
  })
  const folding = createFolding({
    list,
    fold: (owner) => isClientId(owner) ? store.clients.foldRevocations(owner) : store.users.foldRevocations(owner),
    onError: (err) => log.warn({ err }, 'Revocations could not be folded')
  })

  function onOthers (rows: Revocation[]): void {
    for (const { kind, subject } of rows) {
      if (kind === 'client' || isClientId(subject)) clients.forget(subject)
      if (kind === 'key') keys.load().catch((err) => log.warn({ err }, 'The signing keys could not be read'))
    }
  }

  const { subscribe } = store.revocations
  subscribe(list.apply)
  subscribe((rows) => {
    for (const { kind, subject } of rows) {
      if (isClientId(subject)) clients.forget(subject)
      events.emit('token.revoked', { kind, subject })
    }
  })
  subscribe(feed.announce)
  subscribe(folding)

  return {
    list,
    feed,
    followers: createFollowers({
      list, feed, clock, limit: config.revocation.maxStreams, mayFollow: async (id) => followsRevocations(await clients.find(id))
    })
  }
}
