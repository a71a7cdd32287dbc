import { createVerifier } from 'fast-jwt'
import type { BearerRefusal } from '../events/events.ts'
import type { AccessTokenClaims } from '../oauth/token/access-token.ts'
import { createCache } from '../runtime/cache.ts'
import type { Clock } from '../runtime/clock.ts'
import type { FindAccessTokenKey, AccessTokenKey } from './access-token-keys.ts'

export type VerifiedToken = { kid: string, claims: AccessTokenClaims }

/**
 * Verifies signature and claims, but not revocation.
 * @param audience one of these must be an audience of the token; without it, any token of the issuer is valid
 * @throws TokenRefused, or the error that prevented reading the keys
 */
export type VerifyAccessToken = (token: string, audience?: string | string[]) => Promise<VerifiedToken>

/** The token is not a valid access token of the issuer, or not for this audience. Contains nothing that the caller sent. */
export class TokenRefused extends Error {
  constructor (readonly reason: BearerRefusal) {
    super(`The access token is refused: ${reason}`)
    this.name = 'TokenRefused'
  }
}

type Options = {
  /** A function, since the issuer may follow the port. */
  issuer: () => string
  findKey: FindAccessTokenKey
  clock: Clock
}

type Verified = VerifiedToken & { key: AccessTokenKey }

/** By the error codes of fast-jwt; any other is `invalid`. */
const REASONS: Record<string, BearerRefusal> = {
  FAST_JWT_MALFORMED: 'malformed',
  FAST_JWT_INVALID_SIGNATURE: 'bad_signature',
  FAST_JWT_INVALID_TYPE: 'wrong_type'
}

const MAX_ENTRIES = 10_000

/**
 * RFC 9068 section 4: type `at+jwt`, ES256, a key and the name of the issuer, a requested audience, not expired. Valid tokens are cached,
 * because a look-up is far faster than verifying a signature.
 */
export function createAccessTokenVerifier ({ issuer, findKey, clock }: Options): VerifyAccessToken {
  // Entries stay until they are evicted: whatever may change about a token is checked each time. fast-jwt's own cache hashes each token on
  // look-up, and also stores invalid ones
  const cache = createCache<Verified>({ ttl: Infinity, max: MAX_ENTRIES, now: clock.monotonic })
  const verifiers = new WeakMap<AccessTokenKey, (token: string) => AccessTokenClaims>()

  async function verify (token: string): Promise<Verified> {
    const known = cache.get(token)
    const kid = known?.kid ?? kidOf(token)
    const key = await findKey(kid)
    if (!key) throw new TokenRefused('unknown_key')
    const verified = known?.key === key ? known : { kid, key, claims: claimsOf(token, key) }
    if (!(verified.claims.exp * 1000 >= clock.now())) throw new TokenRefused('expired')
    if (verified !== known) cache.set(token, verified)
    return verified
  }

  function claimsOf (token: string, key: AccessTokenKey): AccessTokenClaims {
    let read = verifiers.get(key)
    if (!read) verifiers.set(key, read = verifierOf(key))
    try {
      return read(token)
    } catch (error) {
      throw new TokenRefused(REASONS[(error as { code?: string }).code ?? ''] ?? 'invalid')
    }
  }

  return async (token, audience) => {
    const verified = await verify(token)
    if (verified.claims.iss !== issuer()) throw new TokenRefused('wrong_issuer')
    if (audience !== undefined && !isFor(verified.claims, audience)) throw new TokenRefused('wrong_audience')
    return verified
  }
}

/** For `catch`: turns an invalid token into null where the reason does not matter. */
export function nullIfRefused (error: unknown): null {
  if (error instanceof TokenRefused) return null
  throw error
}

/**
 * One verifier per key, so that the key is parsed once: parsing a public key takes longer than verifying a signature with it. It has no
 * clock of ours, so the expiry is checked by the caller.
 */
function verifierOf ({ pem }: AccessTokenKey): (token: string) => AccessTokenClaims {
  return createVerifier<string>({
    key: pem, algorithms: ['ES256'], checkTyp: 'at+jwt', ignoreExpiration: true, requiredClaims: ['iss', 'sub', 'aud', 'exp', 'client_id', 'jti']
  })
}

function isFor ({ aud }: AccessTokenClaims, audience: string | string[]): boolean {
  if (Array.isArray(audience)) return audience.some((each) => aud === each || (Array.isArray(aud) && aud.includes(each)))
  return aud === audience || (Array.isArray(aud) && aud.includes(audience))
}

/** @throws TokenRefused */
function kidOf (token: string): string {
  let kid: unknown
  try {
    const header = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()
    kid = (JSON.parse(header) as { kid?: unknown } | null)?.kid
  } catch {
    // Not JSON
  }
  if (typeof kid !== 'string') throw new TokenRefused('malformed')
  return kid
}
