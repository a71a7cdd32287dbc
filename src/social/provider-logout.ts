import type { Configuration } from 'openid-client'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { idTokenContext, type UpstreamOrigin, type UpstreamSessionStore } from '../sessions/upstream-origin.ts'
import type { Provider } from './ports.ts'
import { UpstreamError } from './upstream-error.ts'

/** Characters. A longer one does not fit into an address that every server accepts, and is not kept. */
const MAX_ID_TOKEN = 6000

/** The login at a provider that a browser session comes from. `idToken`: null if it is not kept, or does not open. */
export type ThereLogin = { sessionId: string, provider: Provider, idToken: string | null }

/** OpenID Connect RP-Initiated Logout 1.0, at the providers whose option `logout` is on. */
export type ProviderLogout = {
  /** To be read before the session ends. @returns null for a session of anything else */
  find: (sessionId: string) => Promise<ThereLogin | null>
  /** After it has ended: what is kept for it is deleted soon. */
  retire: (login: Pick<ThereLogin, 'sessionId'>) => Promise<void>
}

/** Keeps the id token with a login, sealed: whoever reads the database learns nothing from it. */
export function withIdToken (keys: DerivedKeys, origin: UpstreamOrigin, idToken: string | undefined): UpstreamOrigin {
  if (idToken === undefined || idToken.length > MAX_ID_TOKEN) return origin
  return { ...origin, sealed: Buffer.from(seal(keys[0]!, idToken, idTokenContext(origin))).toString('base64url') }
}

export function createProviderLogout (
  { store, providers, keys }: { store: Pick<UpstreamSessionStore, 'find' | 'retire'>, providers: ReadonlyMap<string, Provider>, keys: DerivedKeys }
): ProviderLogout {
  return {
    async find (sessionId) {
      const login = await store.find(sessionId)
      const provider = login && providers.get(login.provider)
      if (!login || provider?.logout !== true) return null
      return { sessionId, provider, idToken: login.sealed && (unseal(keys, login.sealed, idTokenContext(login))?.text ?? null) }
    },
    retire: async ({ sessionId }) => { await store.retire(sessionId) }
  }
}

export type EndSessionRequest = { idToken: string | null, redirectUri: string, state: string, uiLocales?: string | undefined }

/**
 * Where the browser is logged out at the provider (section 2). Without a hint, the provider asks its user.
 * @throws UpstreamError for a provider that has no such address
 */
export async function endSessionUrl (
  configuration: Configuration, { idToken, redirectUri, state, uiLocales }: EndSessionRequest
): Promise<URL> {
  const { buildEndSessionUrl } = await import('openid-client')
  if (configuration.serverMetadata().end_session_endpoint === undefined) throw new UpstreamError('failed', 'has no end_session_endpoint')
  return buildEndSessionUrl(configuration, {
    ...(idToken !== null && { id_token_hint: idToken }), post_logout_redirect_uri: redirectUri, state,
    ...(uiLocales && { ui_locales: uiLocales })
  })
}
