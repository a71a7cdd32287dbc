import { perIssuer } from '../config/address.ts'
import { deriveKeys } from '../crypto/app-key.ts'
import { createAuthorization, type Authorization } from './authorization.ts'
import type { Core } from './core.ts'
import type { Log } from '../runtime/log.ts'
import type { Events } from '../events/events.ts'
import { createAccessTokenVerifier, type VerifyAccessToken } from '../keys/access-token-verifier.ts'
import { createManagement, type Management } from './management.ts'
import { createAccessTokens, type AccessTokens } from '../oauth/token/access-token.ts'
import { createAuthenticateClient } from '../clients/authentication.ts'
import type { ClientDirectory } from '../clients/directory.ts'
import { authorizationCodeGrant } from '../oauth/token/grants/authorization-code.ts'
import { clientCredentialsGrant } from '../oauth/token/grants/client-credentials.ts'
import { deviceCodeGrant } from '../oauth/token/grants/device-code.ts'
import type { GrantHandler } from '../oauth/token/grants/index.ts'
import { passwordGrant } from '../oauth/token/grants/password.ts'
import { refreshTokenGrant } from '../oauth/token/grants/refresh-token.ts'
import { createIntrospect, type Introspect } from '../oauth/token/introspect.ts'
import { createIssueTokens, type SignIdToken } from '../oauth/token/issue-tokens.ts'
import type { Authenticate } from '../oauth/ports.ts'
import { observed } from '../oauth/token/observed.ts'
import { createRefreshTokens, type RefreshTokens } from '../sessions/refresh-token.ts'
import { createRemainingScopes } from '../oauth/remaining-scopes.ts'
import { createResources, type Resources } from '../oauth/resources.ts'
import { createRevoke, type Revoke } from '../oauth/token/revoke.ts'
import { createScopes, type Scopes } from '../oauth/scopes.ts'
import { createStartSession } from '../sessions/start.ts'
import { createTokenEndpoint, type TokenEndpoint } from '../oauth/token/endpoint.ts'
import { OIDC_SCOPES } from '../oidc/claims.ts'
import { createIdTokens } from '../oidc/id-token.ts'
import { createAddressBehind, type AddressBehind } from '../clients/trusted-proxy.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'
import type { SessionEnds } from '../sessions/end.ts'
import type { Attributes } from '../users/attributes.ts'
import type { Throttle } from '../throttle/throttle.ts'

export type Protocol = Authorization & Management & {
  token: TokenEndpoint
  addressBehind: AddressBehind
  refreshTokens: RefreshTokens
  revoke: Revoke
  introspect: Introspect
  verifyAccessToken: VerifyAccessToken
}

type Dependencies = Core & {
  clients: ClientDirectory
  revocations: RevocationList
  attributes: Attributes
  authenticate: Authenticate
  throttle: Throttle
  events: Events
  sessionEnds: SessionEnds
  log: Log
}

/** Puts the OAuth endpoints together. */
export async function createProtocol (deps: Dependencies): Promise<Protocol> {
  const { config, store: { sessions, revocations: tokens }, keys, clients, revocations } = deps
  const scopes = createScopes({ ...OIDC_SCOPES, ...config.scopes }, { inherit: config.scopeInheritance === 'on' })
  const refreshTokens = refreshTokensFor(deps)
  const verify = createAccessTokenVerifier({ issuer: () => config.issuer, findKey: keys.accessTokenKey })
  const authenticateClient = createAuthenticateClient(clients, deps.throttle.clientSecret)
  const resources = resourcesFor(config)
  const token = observed(createTokenEndpoint(authenticateClient, resources, createGrants(deps, scopes, refreshTokens)), deps.events)
  const management = await createManagement({ ...deps, scopes, resources, authenticateClient })
  const { personalTokens } = management
  return {
    ...management,
    ...createAuthorization({ ...deps, scopes, resources, grantTypes: token.grantTypes }),
    refreshTokens,
    token,
    verifyAccessToken: verify,
    addressBehind: createAddressBehind(clients),
    revoke: createRevoke({ authenticateClient, sessionEnds: deps.sessionEnds, tokens, refreshTokens, verify, personalTokens }),
    introspect: createIntrospect({
      authenticateClient, sessions, refreshTokens, verify, personalTokens,
      isRevoked: (claims, kid) => revocations.revokedBy(claims, kid) !== null,
      remaining: createRemainingScopes(clients, scopes), idleTtl: config.refreshTokenTtl
    })
  }
}

function refreshTokensFor ({ config, appKeys }: Core): RefreshTokens {
  const keys = deriveKeys(appKeys, 'refresh-tokens')
  const tokens = perIssuer(config, (issuer) => createRefreshTokens(keys, issuer))
  return { encode: (token) => tokens().encode(token), decode: (text) => tokens().decode(text), newSecret: () => tokens().newSecret() }
}

export function accessTokensFor ({ config, keys }: Pick<Core, 'config' | 'keys'>): AccessTokens {
  const tokens = perIssuer(
    config,
    (issuer) => createAccessTokens({ sign: (claims) => keys.sign('ES256', claims, 'at+jwt'), issuer, ttl: config.accessTokenTtl })
  )
  return {
    forSession: (client, grant, scopes) => tokens().forSession(client, grant, scopes),
    forClient: (client, scopes, resources) => tokens().forClient(client, scopes, resources)
  }
}

function resourcesFor (config: Core['config']): Resources {
  const resources = perIssuer(config, (issuer) => createResources(config.resourceServers, issuer))
  return { parse: (asked) => resources().parse(asked) }
}

function createGrants (
  { config, store: { sessions, codes, devices, users }, keys, attributes, authenticate, sessionEnds, events }: Dependencies,
  scopes: Scopes,
  refreshTokens: RefreshTokens
): GrantHandler[] {
  const accessTokens = accessTokensFor({ config, keys })
  const { sessionTtl, refreshTokenTtl: idleTtl, refreshGrace: grace } = config
  const idTokens = perIssuer(config, (issuer) => createIdTokens({ sign: keys.sign, issuer, profile: users.profile, scopes }))
  const signIdToken: SignIdToken = (facts) => idTokens()(facts)
  const issueTokens = createIssueTokens({ accessTokens, refreshTokens, signIdToken, scopes })
  const startSession = createStartSession({ sessions, refreshTokens, issueTokens, sessionTtl, idleTtl })
  const refresh = refreshTokenGrant({
    sessions,
    sessionEnds,
    scopes,
    issueTokens,
    refreshTokens,
    idleTtl,
    grace,
    events
  })
  return [
    ...(config.passwordGrant === 'on' ? [passwordGrant({ attributes, scopes, authenticate, startSession })] : []),
    // Both begin on a page
    ...(config.routes.pages
      ? [
          authorizationCodeGrant({ codes, sessionEnds, refreshTokens, issueTokens, sessionTtl, idleTtl }),
          deviceCodeGrant({ devices, sessionTtl, idleTtl, refreshTokens, issueTokens })
        ]
      : []),
    clientCredentialsGrant({ accessTokens, scopes }),
    refresh
  ]
}
