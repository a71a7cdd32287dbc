import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { issuerUnavailable, type IssuerClient } from './issuer-client.ts'

const MAX_AGE_MS = 300_000
// An unknown kid may be a new key; a stream of made-up ones must not become a stream of requests
const RETRY_MS = 5000

/** The access-token keys of an issuer elsewhere, from its JWKS. */
export function createRemoteKeys (client: Pick<IssuerClient, 'json'>): (kid: unknown) => Promise<string | undefined> {
  let keys = new Map<unknown, string>()
  let readAt = -Infinity
  let reading: Promise<void> | null = null

  async function read (): Promise<void> {
    const jwks = await client.json('/.well-known/jwks.json') as { keys: (JsonWebKey & { kid: string, alg: string })[] }
    keys = new Map(jwks.keys.filter(({ alg }) => alg === 'ES256').map((jwk) => [jwk.kid, toPem(jwk)]))
    readAt = performance.now()
  }

  return async (kid) => {
    const age = performance.now() - readAt
    if (age > MAX_AGE_MS || (!keys.has(kid) && age > RETRY_MS)) {
      reading ??= read().catch((cause: unknown) => { throw issuerUnavailable(cause) }).finally(() => { reading = null })
      await reading
    }
    return keys.get(kid)
  }
}

function toPem (jwk: JsonWebKey): string {
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
}
