import { createPublicKey, type JsonWebKey } from 'node:crypto'

/** A public key that verifies access tokens. It stays the same object for as long as the issuer publishes it. */
export type AccessTokenKey = { kid: string, pem: string }

/** @returns undefined when the issuer has no such key; rejects when the keys cannot be read */
export type FindAccessTokenKey = (kid: string) => Promise<AccessTokenKey | undefined>

export type AccessTokenKeys = {
  find: FindAccessTokenKey
  /** Replaces all keys by those of a JWKS (RFC 7517). */
  replace: (jwks: readonly Jwk[]) => void
}

type Jwk = JsonWebKey & { kid: string, alg: string }

type Options = {
  /** Reads the keys and passes them to `replace`. */
  read: () => Promise<void>
  /** Milliseconds for which the keys are cached; without it, changes are passed to `replace`. */
  maxAge?: number
  /** Milliseconds between reads for unknown keys, which may be new: a stream of made-up key ids must not cause a stream of reads. */
  retryAfter: number
  /** A monotonic clock, in milliseconds. */
  now: () => number
}

/** The keys with which an issuer signs access tokens, by `kid`. */
export function createAccessTokenKeys ({ read, maxAge = Infinity, retryAfter, now }: Options): AccessTokenKeys {
  let keys = new Map<string, AccessTokenKey>()
  let readAt = -Infinity
  let reading: Promise<void> | null = null

  function replace (jwks: readonly Jwk[]): void {
    const before = keys
    keys = new Map(jwks.filter(({ alg }) => alg === 'ES256').map((jwk) => {
      const key = { kid: jwk.kid, pem: pemOf(jwk) }
      const known = before.get(key.kid)
      return [key.kid, known?.pem === key.pem ? known : key]
    }))
    readAt = now()
  }

  async function find (kid: string): Promise<AccessTokenKey | undefined> {
    const known = keys.get(kid)
    if (known && maxAge === Infinity) return known
    const age = now() - readAt
    if (age > maxAge || (age > retryAfter && !known)) {
      reading ??= read().finally(() => { reading = null })
      await reading
    }
    return keys.get(kid)
  }

  return { find, replace }
}

function pemOf (jwk: JsonWebKey): string {
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
}
