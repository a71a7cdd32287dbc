import { perIssuer } from '../config/address.ts'
import { deriveKeys } from '../crypto/app-key.ts'
import type { Core } from './core.ts'
import { createFormSecrets } from '../crypto/form-secrets.ts'
import { createAuthorizationCheck } from '../oauth/authorize/request.ts'
import { createAuthorize, type Authorize } from '../oauth/authorize/authorize.ts'
import type { Clients } from '../oauth/ports.ts'
import type { Resources } from '../oauth/resources.ts'
import type { Scopes } from '../oauth/scopes.ts'
import { createMetadata } from '../oidc/metadata.ts'
import { createEndSession, type EndSession } from '../oidc/end-session.ts'
import { createReadIdToken, type ReadIdToken } from '../oidc/id-token-hint.ts'
import { createUserInfo, type UserInfo } from '../oidc/user-info.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'
import type { Metadata } from '../schemas/discovery.ts'
import type { SessionEnds } from '../sessions/end.ts'
import { createBrowserSessions, type BrowserSessions } from '../sessions/browser-sessions.ts'

/** What browsers use. */
export type Authorization = {
  authorize: Authorize
  browserSessions: BrowserSessions
  endSession: EndSession
  metadata: () => Metadata
  userInfo: UserInfo
}

type Dependencies = Core & {
  sessionEnds: SessionEnds, clients: Clients, revocations: RevocationList, scopes: Scopes, resources: Resources,
  grantTypes: string[]
}

/** Puts the authorization endpoint, the logins of browsers and OpenID Connect together. */
export function createAuthorization (
  { config, appKeys, store, keys, sessionEnds, clients, revocations, scopes, resources, grantTypes }: Dependencies
): Authorization {
  const { sessions, codes, consents, users } = store
  const idTokens = perIssuer(config, (issuer) => createReadIdToken(keys, issuer))
  const readIdToken: ReadIdToken = (idToken) => idTokens()(idToken)
  const browserSessions = createBrowserSessions({
    store: store.browserSessions,
    isRevoked: ({ id, userId, tokenEpoch }) =>
      revocations.revokedBy({ sub: userId, client_id: '', jti: '', sid: id, epoch: tokenEpoch }, '') !== null,
    formSecrets: createFormSecrets(appKeys, 'login-forms'),
    idleTtl: config.browserIdleTtl,
    ttl: config.browserSessionTtl,
    rememberTtl: config.browserRememberTtl
  })
  return {
    browserSessions,
    metadata: perIssuer(config, () => createMetadata(config, grantTypes)),
    userInfo: createUserInfo({ profile: users.profile, requestedClaims: sessions.requestedClaims, clients, scopes }),
    endSession: createEndSession({ clients, sessions, sessionEnds, readIdToken }),
    authorize: createAuthorize({
      check: createAuthorizationCheck({ clients, scopes, resources }),
      codes,
      consents,
      issuer: () => config.issuer,
      userOfIdToken: async (idToken) => (await readIdToken(idToken))?.userId ?? null,
      markKey: deriveKeys(appKeys, 'reauthentication')[0]!
    })
  }
}
