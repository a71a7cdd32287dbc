import { originOf, type Events } from '../events/events.ts'
import type { FieldErrors } from '../http/field-errors.ts'
import type { Caller, SignedIn } from '../oauth/ports.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { AlsoWrite } from '../verification/ports.ts'
import type { Preferences } from '../verification/recipient.ts'
import type { AskLeave } from './before-delete.ts'
import { GRACE } from './deletion-sql.ts'
import type { PrepareNotice } from './notices.ts'
import type { Users } from './ports.ts'

export type DeletionStore = {
  /**
   * Ends everything of the user at once, and starts the days of grace.
   * @returns when the account will be deleted; null when the user has been logged out since, or has asked before
   */
  request: (user: { userId: string, tokenEpoch: number }, also: AlsoWrite) => Promise<Date | null>
  /** @returns false when there is nothing to restore: not asked for, restored already, or too late */
  restore: (user: SignedIn, also: AlsoWrite) => Promise<boolean>
  /** When the account will be deleted; null when it will not, or could not be restored any more. */
  deletesAt: (userId: string) => Promise<Date | null>
}

/** Who asks, and the languages of their browser. */
type Asking = { caller: Caller, preferences: Preferences }

export type Deletion = {
  /**
   * Schedules the deletion. The caller has checked that the user proved who they are a moment ago.
   * @returns when it will happen: the same for a second request; the reason of the host; null when the user has been logged out since
   * @throws HttpError LK_DELETION_UNAVAILABLE when the hook of the host fails
   */
  request: (user: { userId: string, tokenEpoch: number }, asking: Asking) => Promise<{ at: Date } | { errors: FieldErrors } | null>
  /** Of two at once, one restores. */
  restore: (user: SignedIn, asking: Asking) => Promise<boolean>
  deletesAt: DeletionStore['deletesAt']
}

type Dependencies = {
  store: DeletionStore
  users: Pick<Users, 'profile'>
  outbox: Pick<OutboxWrites, 'write'>
  prepareNotice: PrepareNotice
  /** Asks the host whether somebody may leave. */
  askHost: AskLeave | undefined
  events: Pick<Events, 'emit'>
  /** Pages that the mails lead to. */
  pages: () => { restore: string, account: string }
  now: () => number
}

export function createDeletion ({ store, users, outbox, prepareNotice, askHost, events, pages, now }: Dependencies): Deletion {
  const request: Deletion['request'] = async ({ userId, tokenEpoch }, { caller, preferences }) => {
    const profile = await users.profile(userId)
    const errors = profile && await askHost?.(profile, caller)
    if (errors) return { errors }
    const soon = { at: new Date(now() + GRACE * 1000), restoreUrl: pages().restore }
    const mails = await prepareNotice('deletionScheduled', { userId, caller, preferences }, soon)
    const at = await store.request({ userId, tokenEpoch }, (transaction) => outbox.write(mails, transaction))
    if (at) events.emit('user.deletion_requested', { userId, ...originOf(caller) })
    // Of two requests at once, one has asked
    const known = at ?? await store.deletesAt(userId)
    return known && { at: known }
  }

  const restore: Deletion['restore'] = async (user, { caller, preferences }) => {
    const { userId } = user
    const mails = await prepareNotice('restored', { userId, caller, preferences }, { at: new Date(now()), url: pages().account })
    const restored = await store.restore(user, (transaction) => outbox.write(mails, transaction))
    if (restored) events.emit('user.restored', { userId, ...originOf(caller) })
    return restored
  }

  return { request, restore, deletesAt: store.deletesAt }
}
