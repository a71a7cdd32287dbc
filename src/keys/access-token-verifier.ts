import { createVerifier } from 'fast-jwt'
import type { AccessTokenClaims } from '../oauth/token/access-token.ts'
import { keyFailure, verifyByKey, type AccessTokenKey } from './token-key.ts'

export type VerifiedToken = { kid: string, claims: AccessTokenClaims }

/** @returns null for whatever is not a valid access token of this issuer; throws when the keys cannot be read */
export type VerifyAccessToken = (token: string) => Promise<VerifiedToken | null>

type Complete = { header: { kid: string }, payload: AccessTokenClaims }

const CACHE = 10_000

/** For endpoints that are given a token, whatever its audience: revocation (RFC 7009) and introspection (RFC 7662). */
export function createAccessTokenVerifier (issuer: string, accessTokenKey: AccessTokenKey): VerifyAccessToken {
  const verify = verifyByKey(accessTokenKey, (key) => createVerifier({
    key,
    algorithms: ['ES256'],
    checkTyp: 'at+jwt',
    allowedIss: issuer,
    requiredClaims: ['iss', 'sub', 'exp', 'client_id', 'jti'],
    complete: true,
    cache: CACHE,
    errorCacheTTL: 0
  }) as (token: string) => Complete)

  return async (token) => {
    try {
      const { header, payload } = await verify(token)
      return { kid: header.kid, claims: payload }
    } catch (error) {
      const failure = keyFailure(error)
      if (failure) throw failure
      return null
    }
  }
}
