import { deriveKeys } from '../crypto/app-key.ts'
import { createFormSecrets } from '../crypto/form-secrets.ts'
import type { Events } from '../events/events.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'
import { createAuthSessions, type AuthSessions } from '../sessions/auth-sessions.ts'
import { createBrowserSessions, type BrowserSessions } from '../sessions/browser-sessions.ts'
import { createSessionEnds, type SessionEnds } from '../sessions/end.ts'
import { createRefreshTokens, type RefreshTokens } from '../sessions/refresh-token.ts'
import type { Core } from './core.ts'

export type SessionServices = {
  /** Ends sessions and browser sessions. */
  sessionEnds: SessionEnds
  browser: BrowserSessions
  /** Logins at which something is still missing. */
  auth: AuthSessions
  refreshTokens: RefreshTokens
}

export function createSessions (
  { config, clock, appKeys, store, revocationList, events }: Core & { revocationList: RevocationList, events: Events }
): SessionServices {
  return {
    sessionEnds: createSessionEnds({ store, tell: events.emit }),
    browser: createBrowserSessions({
      store: store.browserSessions,
      clock,
      isRevoked: ({ id, userId, tokenEpoch }) =>
        revocationList.revokedBy({ sub: userId, client_id: '', jti: '', sid: id, epoch: tokenEpoch }, '') !== null,
      formSecrets: createFormSecrets(appKeys, 'login-forms', clock.now),
      idleTtl: config.browserIdleTtl,
      ttl: config.browserSessionTtl,
      rememberTtl: config.browserRememberTtl
    }),
    auth: createAuthSessions({ store: store.authSessions, formSecrets: createFormSecrets(appKeys, 'registration-forms', clock.now) }),
    refreshTokens: createRefreshTokens(deriveKeys(appKeys, 'refresh-tokens'), config)
  }
}
