import { originOf, type Events } from '../events.ts'
import type { Caller } from './ports.ts'

/** An application that a user let in. */
export type AuthorisedApp = {
  /** The client_id. */
  id: string
  name: string
  /** Of its consent and of its sessions. */
  scopes: string[]
  since: Date
  /** Null for one that was allowed and has no session. */
  lastUsedAt: Date | null
}

export type AppStore = {
  /** By name. `idleTtl` in seconds. */
  list: (userId: string, idleTtl: number) => Promise<AuthorisedApp[]>
  /** Its sessions, what waits to become one, and the consent. @returns the ids of the sessions */
  end: (userId: string, clientId: string) => Promise<string[]>
}

/** Applications that a user let in, each as a whole: with all its sessions and its consent. */
export type AuthorisedApps = {
  list: (userId: string) => Promise<AuthorisedApp[]>
  /** Its tokens are refused at once, in every process, and it must ask for consent again. Nothing happens when the user has no such application. */
  end: (clientId: string, userId: string, caller: Caller) => Promise<void>
}

export function createAuthorisedApps ({ store, events, idleTtl }: { store: AppStore, events: Events, idleTtl: number }): AuthorisedApps {
  async function end (clientId: string, userId: string, caller: Caller): Promise<void> {
    for (const sessionId of await store.end(userId, clientId)) events.emit('session.ended', { sessionId, userId, clientId, reason: 'user', ...originOf(caller) })
  }

  return { list: (userId) => store.list(userId, idleTtl), end }
}
