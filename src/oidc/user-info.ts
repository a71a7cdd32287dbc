import type { Profile } from '../users/ports.ts'
import type { Client, Clients, Sessions } from '../oauth/ports.ts'
import type { Scopes } from '../oauth/scopes.ts'
import { userClaims, type UserClaims } from './claims.ts'
import { givenClaims } from './claims-request.ts'

type Token = { userId: string | null, clientId: string | null, sessionId: string | null, scopes: string[] }

export type UserInfo = (token: Token) => Promise<({ sub: string } & UserClaims) | null>

type Dependencies = Pick<Sessions, 'requestedClaims'> & {
  profile: (userId: string) => Promise<Profile | null>
  clients: Pick<Clients, 'find'>
  scopes: Pick<Scopes, 'mayHave' | 'remaining'>
}

/**
 * OpenID Connect Core section 5.3: the claims that the client may currently see.
 * @returns null when the user no longer exists
 */
export function createUserInfo ({ profile, requestedClaims, clients, scopes: registry }: Dependencies): UserInfo {
  async function requested (client: Client, { sessionId, scopes }: Token): Promise<string[]> {
    const session = sessionId === null ? null : await requestedClaims(sessionId)
    const claims = session?.claims?.userinfo
    return claims ? givenClaims(claims, { scopes, granted: session!.scopes, may: (scope) => registry.mayHave(client, scope) }) : []
  }

  return async (token) => {
    const user = token.userId === null ? null : await profile(token.userId)
    if (!user || user.disabledAt) return null
    if (token.clientId === null) return { ...userClaims(user, token.scopes), sub: user.id }
    const client = await clients.find(token.clientId)
    return { ...(client && userClaims(user, registry.remaining(client, token.scopes), await requested(client, token))), sub: user.id }
  }
}
