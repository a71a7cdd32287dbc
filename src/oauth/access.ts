import { originOf, type Events } from '../events.ts'
import type { Caller } from './ports.ts'

/** A login that has access to an account: of an application, or of a browser on our own pages. */
export type Access = {
  id: string
  kind: 'session' | 'browser'
  client: { id: string, name: string, firstParty: boolean } | null
  scopes: string[]
  ip: string | null
  userAgent: string | null
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

export type AccessStore = {
  /** Alive, the one used last first. */
  list: (userId: string, idleTtl: { session: number, browser: number }) => Promise<Access[]>
  /** Ends one of the user's; a third party must ask for consent again. @returns of which client, or null when the user has none of that id */
  end: (id: string, userId: string) => Promise<{ clientId: string | null } | null>
  /** Ends all of a user's, or all but one, and their personal access tokens. @returns false when there is no such user */
  endAll: (userId: string, keepSession: string | null) => Promise<boolean>
}

/** What has access to an account, and how its user ends that. */
export type AccountAccess = {
  list: (userId: string) => Promise<Access[]>
  /** Refused at once, in every process. @returns false when the user has none of that id */
  end: (id: string, userId: string, caller: Caller) => Promise<boolean>
}

type Dependencies = { store: AccessStore, events: Events, idleTtl: { session: number, browser: number } }

export function createAccountAccess ({ store, events, idleTtl }: Dependencies): AccountAccess {
  async function end (id: string, userId: string, caller: Caller): Promise<boolean> {
    const ended = await store.end(id, userId)
    if (ended) events.emit('session.ended', { sessionId: id, userId, ...ended, reason: 'user', ...originOf(caller) })
    return ended !== null
  }

  return { list: (userId) => store.list(userId, idleTtl), end }
}
