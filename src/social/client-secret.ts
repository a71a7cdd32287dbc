import type { Provider } from './ports.ts'

/** Seconds; Apple accepts half a year. */
const LIFETIME = 86_400

/**
 * The secret of our client at a provider: the configured one, or a token that is signed with its key (ES256, with the claims that Apple
 * wants) and renewed twice a day.
 * @param now in milliseconds
 */
export function createClientSecret (provider: Provider, now: () => number): () => Promise<string | undefined> {
  if (provider.kind !== 'openid' || !provider.clientKey) return async () => provider.clientSecret
  const { teamId, keyId, privateKey } = provider.clientKey
  let made: { token: string, at: number } | undefined

  return async () => {
    const at = Math.floor(now() / 1000)
    if (made && at >= made.at && at < made.at + LIFETIME / 2) return made.token
    const { importPKCS8, SignJWT } = await import('jose')
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: keyId })
      .setIssuer(teamId).setSubject(provider.clientId).setAudience(provider.issuer).setIssuedAt(at).setExpirationTime(at + LIFETIME)
      .sign(await importPKCS8(privateKey, 'ES256'))
    made = { token, at }
    return token
  }
}
