/** PEM of the key of a token, by its `kid`. */
export type AccessTokenKey = (kid: unknown) => Promise<string | undefined>

/** Rejects for whatever is not a valid token. */
/** Throws or rejects for whatever is not a valid token. */
type Verify<Verified> = (token: string) => Verified | Promise<Verified>

/** Codes of the errors that come before the signature is looked at. */
export const MALFORMED = 'LK_MALFORMED_TOKEN'
export const UNKNOWN_KEY = 'LK_UNKNOWN_KEY'

/** The failure that is no fault of the token: the keys could not be read. */
class KeysUnreadable extends Error {}

// Ours change about once in three months; strangers make up as many as they like
const MOST = 16

/**
 * One verifier for each key, which reads its key once: to read a public key costs more than to check a signature with it.
 * @returns rejects when the key is unknown or cannot be read (`keyFailure`), or with what `make`'s verifier throws
 */
export function verifyByKey<Verified> (
  accessTokenKey: AccessTokenKey,
  make: (pem: string) => Verify<Verified> | Promise<Verify<Verified>>
): (token: string) => Promise<Verified> {
  // The encoded header is the same text in all tokens of a key
  const kids = new Map<string, unknown>()
  const verifiers = new Map<string, Verify<Verified>>()

  /** Asked each time: a key may have been revoked. */
  async function pemOf (kid: unknown): Promise<string> {
    let pem: string | undefined
    try {
      pem = await accessTokenKey(kid)
    } catch (cause) {
      throw new KeysUnreadable('The keys cannot be read', { cause })
    }
    if (pem === undefined) {
      throw Object.assign(new Error('Signed with an unknown key'), { code: kid === undefined ? MALFORMED : UNKNOWN_KEY })
    }
    return pem
  }

  return async (token) => {
    const header = token.slice(0, token.indexOf('.'))
    const known = kids.get(header)
    const kid = known ?? kidOf(header)
    const pem = await pemOf(kid)
    let verify = verifiers.get(pem)
    if (!verify) remember(verifiers, pem, verify = await make(pem))
    const verified = await verify(token)
    if (known === undefined) remember(kids, header, kid)
    return verified
  }
}

export function keyFailure (error: unknown): Error | undefined {
  return error instanceof KeysUnreadable ? error.cause as Error : undefined
}

function remember<Value> (map: Map<string, Value>, key: string, value: Value): void {
  if (map.size >= MOST) map.clear()
  map.set(key, value)
}

function kidOf (header: string): unknown {
  try {
    return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: unknown } | null)?.kid
  } catch {
    return undefined
  }
}
