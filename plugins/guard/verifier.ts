import jwt, { type FastifyJWTOptions } from '@fastify/jwt'
import Fastify from 'fastify'
import { verifyByKey, type AccessTokenKey } from '../../src/keys/token-key.ts'
import type { AccessTokenClaims } from '../../src/oauth/token/access-token.ts'

export { keyFailure } from '../../src/keys/token-key.ts'

export type Verified = { header: { kid: string }, payload: AccessTokenClaims }
export type Verify = (token: string) => Promise<Verified>

type VerifierOptions = {
  issuer: string
  audience: string | string[]
  accessTokenKey: AccessTokenKey
}

/** Signatures of tokens seen lately; revocation is asked after it, each time. */
const CACHE = 10_000

/** RFC 9068 section 4: typ `at+jwt`, ES256, our issuer, our audience; anything else is refused. */
export function createVerifier ({ issuer, audience, accessTokenKey }: VerifierOptions): Verify {
  return verifyByKey(accessTokenKey, async (pem) => {
    // An instance for each key: keys come while the host runs, and the host may register @fastify/jwt for itself
    const instance = Fastify()
    await instance.register(jwt, {
      secret: { public: pem, private: '' },
      verify: {
        algorithms: ['ES256'],
        checkTyp: 'at+jwt',
        allowedIss: issuer,
        allowedAud: audience,
        requiredClaims: ['iss', 'sub', 'aud', 'exp', 'client_id', 'jti'],
        complete: true,
        cache: CACHE,
        errorCacheTTL: 0
      }
    } as object as FastifyJWTOptions)
    return (token) => instance.jwt.verify<Verified>(token)
  })
}
