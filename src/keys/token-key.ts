/** The key of a token, by its `kid`. */
export type AccessTokenKey = (kid: unknown) => Promise<string | undefined>

class UnknownKey extends Error {}

/** A key function for fast-jwt that tells an unknown key from keys that cannot be read. */
export function keyFinder (accessTokenKey: AccessTokenKey) {
  return async ({ header }: { header: { kid?: unknown } }): Promise<string> => {
    const key = await accessTokenKey(header.kid)
    if (!key) throw new UnknownKey('Signed with an unknown key')
    return key
  }
}

/** The failure that is no fault of the token: the keys could not be read. */
export function keyFailure (error: unknown): Error | undefined {
  const { originalError, code } = error as { originalError?: Error, code?: string }
  return code === 'FAST_JWT_KEY_FETCHING_ERROR' && !(originalError instanceof UnknownKey) ? originalError : undefined
}
