import type { Clients } from './ports.ts'
import type { Scopes } from './scopes.ts'

/** Reduces granted scopes to those the client may still have; none when there is no such client. */
export type RemainingScopes = (clientId: string, granted: string[]) => Promise<string[]>

export function createRemainingScopes (clients: Pick<Clients, 'find'>, scopes: Pick<Scopes, 'remaining'>): RemainingScopes {
  return async (clientId, granted) => {
    if (granted.length === 0) return granted
    const client = await clients.find(clientId)
    return client ? scopes.remaining(client, granted) : []
  }
}
