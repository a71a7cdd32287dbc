import type { Profile } from '../users/ports.ts'
import type { ClaimsRequest } from '../oauth/ports.ts'
import { userClaims, type UserClaims } from './claims.ts'

export type UserInfo = (token: { userId: string | null, sessionId: string | null, scopes: string[] }) => Promise<({ sub: string } & UserClaims) | null>

type Dependencies = {
  profile: (userId: string) => Promise<Profile | null>
  /** The `claims` parameter that the session was made with. */
  requestedClaims: (sessionId: string) => Promise<ClaimsRequest | null>
}

/** OpenID Connect Core section 5.3. @returns null when the user is gone */
export function createUserInfo ({ profile, requestedClaims }: Dependencies): UserInfo {
  return async ({ userId, sessionId, scopes }) => {
    const user = userId === null ? null : await profile(userId)
    if (!user || user.disabledAt) return null
    const requested = sessionId === null ? null : await requestedClaims(sessionId)
    return { ...userClaims(user, scopes, requested?.userinfo), sub: user.id }
  }
}
