import { createLocalJWKSet, jwtVerify } from 'jose'
import type { KeyRing } from '../keys/key-ring.ts'

/** What an id token that we signed says, expired or not. */
export type IdTokenFacts = { userId: string, clientId: string, sessionId: string | undefined }

export type ReadIdToken = (idToken: string) => Promise<IdTokenFacts | null>

/** `id_token_hint`: it may have expired (OpenID Connect Core section 3.1.2.1, RP-Initiated Logout section 2). */
export function createReadIdToken (keys: Pick<KeyRing, 'jwks'>, issuer: string): ReadIdToken {
  return async (idToken) => {
    try {
      const keySet = createLocalJWKSet(keys.jwks() as Parameters<typeof createLocalJWKSet>[0])
      const { payload } = await jwtVerify(idToken, keySet, { issuer, typ: 'JWT', currentDate: new Date(0), requiredClaims: ['sub', 'aud'] })
      const { sub, aud, sid } = payload
      return typeof aud === 'string' ? { userId: sub!, clientId: aud, sessionId: typeof sid === 'string' ? sid : undefined } : null
    } catch {
      return null
    }
  }
}
