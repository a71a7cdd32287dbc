import type { Client, Clients, Sessions } from './ports.ts'
import { covers } from './scopes.ts'

/** A user who manages what has access to their account. */
export type Owner = {
  userId: string
  sessionId: string
  /** The user's, as the session carries it: what is made for the owner re-checks it. */
  tokenEpoch: number
  /** Through which they are logged in. */
  client: Client
}

/** Of a bearer token, as a guard has read it. */
export type Bearer = { kind: 'session' | 'client' | 'personal' | 'browser', userId: string | null, clientId: string | null, sessionId: string | null, scopes: readonly string[] }

export type FindOwner = (bearer: Bearer) => Promise<Owner>

/** Answer 403: the token is good, and not enough for this. */
export class NotTheOwner extends Error {
  readonly statusCode = 403
  readonly code = 'LK_FIRST_PARTY_ONLY'
  constructor () {
    super('This needs the access token of a first-party login, with all the scopes of that login')
    this.name = 'NotTheOwner'
  }
}

/**
 * Whether a token stands for its user as a whole: that of a session of a first-party client, not narrowed. One of a third party, a personal access
 * token, or one that was narrowed for a service would otherwise make itself a stronger one.
 * @throws NotTheOwner
 */
export function createFindOwner ({ clients, sessions }: { clients: Pick<Clients, 'find'>, sessions: Pick<Sessions, 'standing'> }): FindOwner {
  return async ({ kind, userId, clientId, sessionId, scopes }) => {
    const client = kind === 'session' && clientId !== null ? await clients.find(clientId) : null
    if (!client?.firstParty || userId === null || sessionId === null) throw new NotTheOwner()
    const session = await sessions.standing(sessionId)
    if (!session || !session.scopes.every((scope) => covers(scopes, scope))) throw new NotTheOwner()
    return { userId, sessionId, tokenEpoch: session.tokenEpoch, client }
  }
}
