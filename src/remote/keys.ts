import { createAccessTokenKeys, type FindAccessTokenKey, type AccessTokenKeys } from '../keys/access-token-keys.ts'
import type { Clock } from '../runtime/clock.ts'
import { issuerUnavailable, type IssuerClient } from './issuer-client.ts'

const MAX_AGE_MS = 300_000
const RETRY_AFTER_MS = 5000

/** The keys of a remote issuer, from its JWKS. Rejects with 503 when it cannot be read. */
export function createRemoteKeys (client: Pick<IssuerClient, 'json'>, clock: Clock): FindAccessTokenKey {
  const keys = createAccessTokenKeys({ read, maxAge: MAX_AGE_MS, retryAfter: RETRY_AFTER_MS, now: clock.monotonic })

  async function read (): Promise<void> {
    try {
      const jwks = await client.json('/.well-known/jwks.json') as { keys: Parameters<AccessTokenKeys['replace']>[0] }
      keys.replace(jwks.keys)
    } catch (cause) {
      throw issuerUnavailable(cause)
    }
  }

  return keys.find
}
