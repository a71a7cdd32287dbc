import type { Events } from '../events/events.ts'
import { createAccessTokens, type AccessTokens } from '../oauth/token/access-token.ts'
import { authorizationCodeGrant } from '../oauth/token/grants/authorization-code.ts'
import { clientCredentialsGrant } from '../oauth/token/grants/client-credentials.ts'
import { deviceCodeGrant } from '../oauth/token/grants/device-code.ts'
import type { GrantHandler } from '../oauth/token/grants/index.ts'
import { passwordGrant } from '../oauth/token/grants/password.ts'
import { refreshTokenGrant } from '../oauth/token/grants/refresh-token.ts'
import { createIssueTokens, createStartSession, type StartSession } from '../oauth/token/issue-tokens.ts'
import type { Challenge } from '../factors/challenge.ts'
import type { Scopes } from '../oauth/scopes.ts'
import { createIdTokens } from '../oidc/id-token.ts'
import type { Core } from './core.ts'
import type { SessionServices } from './sessions.ts'
import type { UserServices } from './users.ts'

type Dependencies = Core & {
  challenge: Pick<Challenge, 'waysOf'>
  scopes: Scopes
  sessions: SessionServices
  users: Pick<UserServices, 'records' | 'attributes' | 'authenticate'>
  events: Events
}

export function createGrants (parts: Dependencies): { grants: GrantHandler[], startSession: StartSession } {
  const { config, clock, store, keys, scopes, users, events } = parts
  const { sessionEnds, refreshTokens, auth: authSessions } = parts.sessions
  const { sessions, codes, devices } = store
  const { attributes, authenticate } = users
  const { sessionTtl, refreshTokenTtl: idleTtl, refreshGrace: grace } = config
  const accessTokens = accessTokensFor({ config, clock, keys })
  const signIdToken = createIdTokens({ sign: keys.sign, clock, issuer: () => config.issuer, profile: users.records.profile, scopes })
  const issueTokens = createIssueTokens({ accessTokens, refreshTokens, signIdToken, scopes })
  const starting = { refreshTokens, issueTokens, sessionTtl, idleTtl }
  const startSession = createStartSession({ ...starting, sessions, authSessions, waysOf: parts.challenge.waysOf, events })
  const grants = [
    ...(config.passwordGrant === 'on' ? [passwordGrant({ attributes, authenticate, scopes, startSession })] : []),
    // Both start on a page
    ...(config.routes.pages
      ? [
          authorizationCodeGrant({ ...starting, codes, sessionEnds }),
          deviceCodeGrant({ ...starting, devices })
        ]
      : []),
    clientCredentialsGrant({ accessTokens, scopes }),
    refreshTokenGrant({ sessions, clock, sessionEnds, scopes, issueTokens, refreshTokens, idleTtl, grace, events })
  ]
  return { grants, startSession }
}

export function accessTokensFor ({ config, clock, keys }: Pick<Core, 'config' | 'clock' | 'keys'>): AccessTokens {
  return createAccessTokens({ sign: keys.sign, clock, site: config, ttl: config.accessTokenTtl })
}
