import { networkOf } from '../http/caller.ts'
import type { Caller } from '../oauth/ports.ts'
import type { OutboxEntry } from '../outbox/ports.ts'
import type { PrepareNotice } from './notices.ts'

/**
 * The notice of a login from a device that is not known, to be written with the session.
 * @returns nothing at the first login of a new user, and where the user has logged in with the same browser from the same network
 */
export type NewDevice = (userId: string, caller: Caller) => Promise<OutboxEntry[]>

export type EarlierLogins = {
  /** The user has never logged in, and is not older than a month. */
  isFirst: boolean
  /** Addresses from which the user has logged in, or registered, with the same user agent. */
  addresses: string[]
}

export type EarlierLoginStore = { earlierLogins: (userId: string, userAgent: string | null) => Promise<EarlierLogins> }

type Dependencies = {
  store: EarlierLoginStore
  prepareNotice: PrepareNotice
  /** Where the user sees and ends sessions. */
  accountUrl: () => string
  now: () => number
}

export function createNewDevice ({ store, prepareNotice, accountUrl, now }: Dependencies): NewDevice {
  return async (userId, caller) => {
    const { isFirst, addresses } = await store.earlierLogins(userId, caller.userAgent ?? null)
    const network = networkOf(caller.ip)
    if (isFirst || addresses.some((address) => networkOf(address) === network)) return []
    return await prepareNotice('newDevice', { userId, caller }, { at: new Date(now()), url: accountUrl() })
  }
}
