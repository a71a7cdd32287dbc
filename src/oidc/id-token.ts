import { createHash } from 'node:crypto'
import type { SignIdToken } from '../oauth/token/issue-tokens.ts'
import type { Profile } from '../users/ports.ts'
import { ID_TOKEN_TTL, type Algorithm } from '../keys/key-ring.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Scopes } from '../oauth/scopes.ts'
import { acrOf } from './acr.ts'
import { userClaims } from './claims.ts'
import { givenClaims } from './claims-request.ts'

type Dependencies = {
  sign: (alg: Algorithm, claims: object, type: string) => string
  clock: Clock
  issuer: () => string
  profile: (userId: string) => Promise<Profile | null>
  scopes: Pick<Scopes, 'mayHave'>
}

/** OpenID Connect Core section 2; section 12.2 for those issued with a refresh. */
export function createIdTokens ({ sign, clock, issuer, profile, scopes: registry }: Dependencies): SignIdToken {
  return async ({ client, grant, scopes, accessToken, isLogin }) => {
    const { oidc, userId, sessionId } = grant
    const requested = givenClaims(oidc?.claims?.id_token, {
      scopes, granted: grant.scopes, may: (scope) => registry.mayHave(client, scope)
    })
    const user = requested.length > 0 ? await profile(userId) : null
    const iat = Math.floor(clock.now() / 1000)
    return sign(client.idTokenAlg === 'ES256' ? 'ES256' : 'RS256', {
      ...(user && userClaims(user, [], requested)),
      iss: issuer(),
      sub: userId,
      aud: client.id,
      exp: iat + ID_TOKEN_TTL,
      iat,
      sid: sessionId,
      acr: acrOf(grant.amr),
      amr: grant.amr,
      auth_time: Math.floor(grant.authTime.getTime() / 1000),
      at_hash: halfHash(accessToken),
      ...(isLogin && oidc?.nonce && { nonce: oidc.nonce })
    }, 'JWT')
  }
}

/** Section 3.1.3.6: the left half of the hash that belongs to the algorithm. */
function halfHash (text: string): string {
  return createHash('sha256').update(text, 'ascii').digest().subarray(0, 16).toString('base64url')
}
