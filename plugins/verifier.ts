import jwt, { type FastifyJWTOptions } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import type { AccessTokenClaims } from '../src/oauth/access-token.ts'

export type Verified = { header: { kid: string }, payload: AccessTokenClaims }
export type Verify = (token: string) => Promise<Verified>

type VerifierOptions = {
  issuer: string
  audience: string | string[]
  accessTokenKey: (kid: unknown) => Promise<string | undefined>
}

/** Signatures of tokens seen lately; revocation is asked after it, each time. */
const CACHE = 10_000

/**
 * RFC 9068 section 4: typ `at+jwt`, ES256, our issuer, our audience; anything else is refused.
 * In a scope of its own, so that a host may register @fastify/jwt before or after.
 */
export async function createVerifier (host: FastifyInstance, options: VerifierOptions): Promise<Verify> {
  let verify: Verify | undefined
  await host.register(async (scope) => {
    await scope.register(jwt, {
      namespace: 'latchkey',
      decoratorName: 'latchkeyToken',
      secret: { public: 'by kid', private: '' },
      verify: {
        key: ({ header }: { header: { kid?: unknown } }) => findKey(options, header.kid),
        algorithms: ['ES256'],
        checkTyp: 'at+jwt',
        allowedIss: options.issuer,
        allowedAud: options.audience,
        requiredClaims: ['iss', 'sub', 'aud', 'exp', 'client_id', 'jti'],
        complete: true,
        cache: CACHE,
        errorCacheTTL: 0
      }
    } as object as FastifyJWTOptions)
    verify = (scope.jwt as unknown as { latchkey: { verify: Verify } }).latchkey.verify
  })
  return (token) => verify!(token)
}

/** The failure that is no fault of the token: its key could not be read. */
export function keyFailure (error: unknown): Error | undefined {
  const { originalError } = error as { originalError?: Error }
  return originalError && !(originalError instanceof UnknownKey) && (error as { code?: string }).code === 'FAST_JWT_KEY_FETCHING_ERROR' ? originalError : undefined
}

class UnknownKey extends Error {}

async function findKey ({ accessTokenKey }: VerifierOptions, kid: unknown): Promise<string> {
  const key = await accessTokenKey(kid)
  if (!key) throw new UnknownKey('Signed with an unknown key')
  return key
}
