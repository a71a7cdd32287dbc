import type { SessionEnds } from '../sessions/end.ts'
import type { Caller, Client } from '../oauth/ports.ts'
import type { Scopes } from '../oauth/scopes.ts'

/** A login that has access to an account: of an application, or of a browser on our own pages. */
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

/** All when empty. */
export type AccessFilter = { userId?: string | undefined, clientId?: string | undefined, limit?: number | undefined }

export type AccessStore = {
  /** Alive, the one used last first. */
  list: (filter: AccessFilter, idleTtl: { session: number, browser: number }) => Promise<Access[]>
  /** Ends all of a user's, or all but one, and their personal access tokens. @returns false when there is no such user */
  endAll: (userId: string, keepSession: string | null) => Promise<boolean>
  /** Ends all sessions of a client, and the tokens that it has got for itself; it may go on. @returns how many sessions */
  endOfClient: (clientId: string) => Promise<number>
}

/** What has access to an account, and how its user ends that. */
export type AccountAccess = {
  list: (userId: string) => Promise<Access[]>
  /** Refused at once, in every process. @returns false when the user has none of that id */
  end: (id: string, userId: string, caller: Caller) => Promise<boolean>
}

type Dependencies = {
  store: AccessStore, scopes: Pick<Scopes, 'remaining'>, sessionEnds: Pick<SessionEnds, 'owned'>,
  idleTtl: { session: number, browser: number }
}

// Who has more has a program that logs in and never out
const MAX_LISTED = 500

export function createAccountAccess ({ store, scopes, sessionEnds, idleTtl }: Dependencies): AccountAccess {
  return {
    list: async (userId) => (await store.list({ userId, limit: MAX_LISTED }, idleTtl)).map((access) => asOfToday(access, scopes)),
    end: (id, userId, caller) => sessionEnds.owned(id, userId, { reason: 'user', caller })
  }
}

/** With the scopes that are left of it. */
export function asOfToday (access: Access, scopes: Pick<Scopes, 'remaining'>): Access {
  return access.client ? { ...access, scopes: scopes.remaining(access.client, access.scopes) } : access
}
