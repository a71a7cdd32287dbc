import { errors, importJWK, jwtVerify, type JWK, type JWTHeaderParameters } from 'jose'
import type { KeyRing } from '../keys/key-ring.ts'

/** The contents of an id token that we signed, expired or not. */
export type IdTokenFacts = { userId: string, clientId: string, sessionId: string | undefined }

export type ReadIdToken = (idToken: string) => Promise<IdTokenFacts | null>

/** `kid` is a thumbprint: other values are not looked up. */
const KID = /^[A-Za-z0-9_-]{43}$/

/**
 * `id_token_hint`: it may have expired (OpenID Connect Core section 3.1.2.1, RP-Initiated Logout section 2), and its key may no longer
 * sign.
 */
export function createReadIdToken (keys: Pick<KeyRing, 'hintKey'>, issuer: () => string): ReadIdToken {
  async function keyOf ({ kid, alg }: JWTHeaderParameters) {
    const key = typeof kid === 'string' && KID.test(kid) ? await keys.hintKey(kid) : null
    if (key?.alg !== alg) throw new NotOurs()
    return await importJWK(key.publicJwk as JWK, alg)
  }

  return async (idToken) => {
    try {
      const { payload } = await jwtVerify(idToken, keyOf, {
        issuer: issuer(), typ: 'JWT', currentDate: new Date(0), requiredClaims: ['sub', 'aud']
      })
      const { sub, aud, sid } = payload
      return typeof aud === 'string' ? { userId: sub!, clientId: aud, sessionId: typeof sid === 'string' ? sid : undefined } : null
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof NotOurs) return null
      throw error
    }
  }
}

class NotOurs extends Error {}
