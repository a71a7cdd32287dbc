import type { SessionEnds } from '../sessions/end.ts'
import type { Caller, Client } from '../oauth/ports.ts'
import type { Scopes } from '../oauth/scopes.ts'

/** An application that a user authorized. */
export type AuthorizedApp = {
  /** The client_id. */
  id: string
  name: string
  /** The scopes of its consent and of its sessions. */
  scopes: string[]
  since: Date
  /** Null for an application that was authorized and has no session. */
  lastUsedAt: Date | null
}

export type AppStore = {
  /** By name. `idleTtl` in seconds. */
  list: (userId: string, idleTtl: number) => Promise<(AuthorizedApp & { client: Pick<Client, 'scopes' | 'firstParty'> })[]>
}

/** Applications that a user authorized, each with all its sessions and its consent. */
export type AuthorizedApps = {
  list: (userId: string) => Promise<AuthorizedApp[]>
  /**
   * Its tokens are refused at once in every process, and it must ask for consent again. Does nothing when the user has no such application.
   */
  end: (clientId: string, userId: string, caller: Caller) => Promise<void>
}

export function createAuthorizedApps (
  { store, scopes, sessionEnds, idleTtl }: {
    store: AppStore, scopes: Pick<Scopes, 'remaining'>, sessionEnds: Pick<SessionEnds, 'ofApp'>,
    idleTtl: number
  }
): AuthorizedApps {
  async function end (clientId: string, userId: string, caller: Caller): Promise<void> {
    await sessionEnds.ofApp(clientId, userId, { reason: 'user', caller })
  }

  async function list (userId: string): Promise<AuthorizedApp[]> {
    return (await store.list(userId, idleTtl)).map(({ client, ...app }) => ({ ...app, scopes: scopes.remaining(client, app.scopes) }))
  }

  return { list, end }
}
