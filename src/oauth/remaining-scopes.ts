import type { Clients } from './ports.ts'
import type { Scopes } from './scopes.ts'

/** Of scopes that were granted to a client, those that it may have today; none when there is no such client. */
export type RemainingScopes = (clientId: string, granted: string[]) => Promise<string[]>

export function createRemainingScopes (clients: Pick<Clients, 'find'>, scopes: Pick<Scopes, 'remaining'>): RemainingScopes {
  return async (clientId, granted) => {
    if (granted.length === 0) return granted
    const client = await clients.find(clientId)
    return client ? scopes.remaining(client, granted) : []
  }
}
