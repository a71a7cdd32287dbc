import type { SessionEnds } from '../sessions/end.ts'
import type { Caller, Client } from '../oauth/ports.ts'
import type { Scopes } from '../oauth/scopes.ts'

/** A session or browser session with access to an account. */
export type Access = {
  id: string
  kind: 'session' | 'browser'
  userId: string
  client: Pick<Client, 'id' | 'name' | 'firstParty' | 'scopes'> | null
  scopes: string[]
  ip: string | null
  userAgent: string | null
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

/** All access when empty. */
export type AccessFilter = { userId?: string | undefined, clientId?: string | undefined, limit?: number | undefined }

export type AccessStore = {
  /** Active ones, the last used first. */
  list: (filter: AccessFilter, idleTtl: { session: number, browser: number }) => Promise<Access[]>
  /**
   * Ends all of a user's sessions except `keepSession`, and their personal access tokens.
   * @returns false when there is no such user
   */
  endAll: (userId: string, keepSession: string | null) => Promise<boolean>
  /**
   * Ends all sessions of a client and the tokens it got for itself; the client stays active.
   * @returns how many sessions
   */
  endOfClient: (clientId: string) => Promise<number>
}

/** What has access to an account, and how its user ends it. */
export type AccountAccess = {
  list: (userId: string) => Promise<Access[]>
  /**
   * Its tokens are refused at once, in every process.
   * @returns false when the user has no access with that id
   */
  end: (id: string, userId: string, caller: Caller) => Promise<boolean>
  /**
   * Ends all logins except the session `keep`; applications that the user authorized keep their access.
   * @returns false when there was no other
   */
  endLogins: (userId: string, keep: string | null, caller: Caller) => Promise<boolean>
}

type Dependencies = {
  store: AccessStore, scopes: Pick<Scopes, 'remaining'>, sessionEnds: Pick<SessionEnds, 'owned' | 'logins'>,
  idleTtl: { session: number, browser: number }
}

// More means a program that logs in without ever logging out
const MAX_LISTED = 500

export function createAccountAccess ({ store, scopes, sessionEnds, idleTtl }: Dependencies): AccountAccess {
  return {
    list: async (userId) => (await store.list({ userId, limit: MAX_LISTED }, idleTtl)).map((access) => asOfToday(access, scopes)),
    end: (id, userId, caller) => sessionEnds.owned(id, userId, { reason: 'user', caller }),
    endLogins: (userId, keep, caller) => sessionEnds.logins(userId, keep, { reason: 'user', caller })
  }
}

/** The access with the scopes that its client may still have. */
export function asOfToday (access: Access, scopes: Pick<Scopes, 'remaining'>): Access {
  return access.client ? { ...access, scopes: scopes.remaining(access.client, access.scopes) } : access
}
