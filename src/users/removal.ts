import type { Events } from '../events/events.ts'
import type { AlsoWrite } from '../verification/ports.ts'
import type { IdentifierHolds } from './identifier-holds.ts'

/** An identifier of a deleted user, which nobody gets for `seconds`; that may be over. */
export type Released = { attribute: string, value: string, seconds: number }

export type RemovalStore = {
  /**
   * Deletes a user with everything that belongs to them, and notes `user.deleted` with the `detail`, in one transaction.
   * @param options `onlyDue`: only when the days of grace are over
   * @returns false when there is no such user
   */
  remove: (id: string, options: { onlyDue: boolean, detail: object }, also: AlsoWrite<Released[]>) => Promise<boolean>
  /** Users whose days of grace are over, the longest first. @param after cursor of the last one of the page before */
  due: (limit: number, after: string | null) => Promise<{ id: string, cursor: string }[]>
}

/**
 * Deletes a user. Their identifiers are held for the rest of 30 days, as HMAC: nobody else gets them before.
 * @param options `onlyDue`: only when the days of grace are over; `detail` of the entry in the audit log
 * @returns false when there is no such user
 * @throws the error of the database, such as 23503 when a table of the host refers to the user
 */
export type RemoveUser = (id: string, options?: { onlyDue?: boolean, detail?: object }) => Promise<boolean>

type Dependencies = {
  store: Pick<RemovalStore, 'remove'>
  holds: Pick<IdentifierHolds, 'hold'>
  /** None on the command line, which has no handlers. */
  events?: Pick<Events, 'emit'>
}

export function createRemoveUser ({ store, holds, events }: Dependencies): RemoveUser {
  return async (id, { onlyDue = false, detail = {} } = {}) => {
    const removed = await store.remove(id, { onlyDue, detail }, async (transaction, released) => {
      for (const { seconds, ...identifier } of released) if (seconds > 0) await holds.hold([identifier], seconds, transaction)
    })
    if (removed) events?.emit('user.deleted', { userId: id })
    return removed
  }
}
