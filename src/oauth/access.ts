import type { SessionEnds } from '../sessions/end.ts'
import type { Caller } from './ports.ts'

/** A login that has access to an account: of an application, or of a browser on our own pages. */
export type Access = {
  id: string
  kind: 'session' | 'browser'
  userId: string
  client: { id: string, name: string, firstParty: boolean } | null
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

type Dependencies = { store: AccessStore, sessionEnds: Pick<SessionEnds, 'owned'>, idleTtl: { session: number, browser: number } }

// Who has more has a program that logs in and never out
const MAX_LISTED = 500

export function createAccountAccess ({ store, sessionEnds, idleTtl }: Dependencies): AccountAccess {
  return {
    list: (userId) => store.list({ userId, limit: MAX_LISTED }, idleTtl),
    end: (id, userId, caller) => sessionEnds.owned(id, userId, { reason: 'user', caller })
  }
}
