import { createCache } from '../runtime/cache.ts'
import type { Clock } from '../runtime/clock.ts'
import type { IssuerClient } from './issuer-client.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'
import type { Introspection } from '../schemas/introspection.ts'
import type { AccessTokenClaims } from '../oauth/token/access-token.ts'
import { isPersonalToken } from '../personal-tokens/form.ts'
import { hashSecret } from '../crypto/secrets.ts'

type Options = { client: IssuerClient, list: Pick<RevocationList, 'subscribe'>, issuer: string, audience: string | string[], clock: Clock }

/** Milliseconds for which an answer of the issuer is cached, unless a relevant revocation arrives. */
const TTL_MS = 5000
const MAX_ENTRIES = 10_000

/** Personal access tokens at a guard without a database: the issuer introspects them (RFC 7662), and its feed clears the cache. */
export function createRemotePersonalTokens (
  { client, list, issuer, audience, clock }: Options
): (text: string) => Promise<AccessTokenClaims | null> {
  const cache = createCache<AccessTokenClaims>({ ttl: TTL_MS, max: MAX_ENTRIES, now: clock.monotonic })
  let revocations = 0

  list.subscribe((rows) => {
    if (!rows.some(({ kind }) => kind === 'user' || kind === 'token' || kind === 'client')) return
    revocations++
    cache.clear()
  })

  async function ask (text: string): Promise<AccessTokenClaims | null> {
    const answer = await client.introspect(text) as Introspection
    if (!answer.active) return null
    const { sub, client_id: clientId, jti, iat, exp, scope } = answer
    return {
      iss: issuer, aud: issuer, sub: sub!, client_id: clientId!, jti: jti!, iat: iat!, exp: exp ?? Number.MAX_SAFE_INTEGER, epoch: 0,
      ...(scope !== undefined && { scope })
    }
  }

  return async (text) => {
    // They are valid only where the issuer itself is an audience
    if (!isPersonalToken(text) || ![audience].flat().includes(issuer)) return null
    const key = Buffer.from(hashSecret(text)).toString('base64')
    const known = cache.get(key)
    if (known && known.exp > clock.now() / 1000) return known
    const before = revocations
    const claims = await ask(text)
    // An answer may lack what was revoked while it was in flight
    if (claims && before === revocations) cache.set(key, claims)
    return claims
  }
}
