import type { Profile } from '../users/ports.ts'
import type { ClaimsRequest } from '../oauth/ports.ts'
import type { RemainingScopes } from '../oauth/remaining-scopes.ts'
import { userClaims, type UserClaims } from './claims.ts'

export type UserInfo = (token: { userId: string | null, clientId: string | null, sessionId: string | null, scopes: string[] }) => Promise<({ sub: string } & UserClaims) | null>

type Dependencies = {
  profile: (userId: string) => Promise<Profile | null>
  /** The `claims` parameter that the session was made with. */
  requestedClaims: (sessionId: string) => Promise<ClaimsRequest | null>
  remaining: RemainingScopes
}

/** OpenID Connect Core section 5.3. @returns null when the user is gone */
export function createUserInfo ({ profile, requestedClaims, remaining }: Dependencies): UserInfo {
  return async ({ userId, clientId, sessionId, scopes }) => {
    const user = userId === null ? null : await profile(userId)
    if (!user || user.disabledAt) return null
    const requested = sessionId === null ? null : await requestedClaims(sessionId)
    return { ...userClaims(user, clientId === null ? scopes : await remaining(clientId, scopes), requested?.userinfo), sub: user.id }
  }
}
