import { createAuthenticateClient, type AuthenticateClient } from '../clients/authentication.ts'
import type { ClientDirectory } from '../clients/directory.ts'
import { perIssuer } from '../config/address.ts'
import { deriveKeys } from '../crypto/app-key.ts'
import type { Events } from '../events/events.ts'
import { createAccessTokenVerifier, type VerifyAccessToken } from '../keys/access-token-verifier.ts'
import { createAuthorize, type Authorize } from '../oauth/authorize/authorize.ts'
import { createAuthorizationCheck } from '../oauth/authorize/request.ts'
import { createDeviceAuthorization, type AuthorizeDevice } from '../oauth/device/authorization.ts'
import { createUserCodes } from '../oauth/device/user-code.ts'
import { createDeviceVerification, type DeviceVerification } from '../oauth/device/verification.ts'
import { createRemainingScopes } from '../oauth/remaining-scopes.ts'
import { createResources } from '../oauth/resources.ts'
import type { Scopes } from '../oauth/scopes.ts'
import { createTokenEndpoint, observed, type TokenEndpoint } from '../oauth/token/endpoint.ts'
import { createIntrospect, type Introspect } from '../oauth/token/introspect.ts'
import { createRevoke, type Revoke } from '../oauth/token/revoke.ts'
import type { EndSession } from '../oidc/end-session.ts'
import { createReadIdToken } from '../oidc/id-token-hint.ts'
import { createMetadata } from '../oidc/metadata.ts'
import type { UserInfo } from '../oidc/user-info.ts'
import type { Challenge } from '../factors/challenge.ts'
import type { PersonalTokens } from '../personal-tokens/personal-tokens.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'
import type { Metadata } from '../schemas/discovery.ts'
import type { Throttle } from '../throttle/throttle.ts'
import { atFirstUse } from '../runtime/at-first-use.ts'
import type { Core } from './core.ts'
import { createGrants } from './grants.ts'
import type { SessionServices } from './sessions.ts'
import type { UserServices } from './users.ts'

/** The endpoints of OAuth. */
export type OAuthServices = {
  authenticateClient: AuthenticateClient
  authorize: Authorize
  /** RFC 8628: the requests of a device, and the decision of its user. */
  device: DeviceVerification & { authorize: AuthorizeDevice }
  introspect: Introspect
  revoke: Revoke
  scopes: Scopes
  token: TokenEndpoint
  verifyAccessToken: VerifyAccessToken
}

/** The endpoints that OpenID Connect adds. */
export type OidcServices = {
  endSession: EndSession
  metadata: () => Metadata
  userInfo: UserInfo
}

type Dependencies = Core & {
  challenge: Challenge
  clients: ClientDirectory
  events: Events
  personalTokens: PersonalTokens
  revocationList: RevocationList
  scopes: Scopes
  sessions: SessionServices
  throttle: Throttle
  users: UserServices
}

export function createOAuth (parts: Dependencies): { oauth: OAuthServices, oidc: OidcServices } {
  const { config, clock, appKeys, store, keys, clients, events, personalTokens, revocationList, scopes, throttle } = parts
  const { sessionEnds, refreshTokens } = parts.sessions
  const authenticateClient = createAuthenticateClient(clients, throttle.clientSecret, clock)
  const resources = createResources(config.resourceServers, config)
  const userCodes = createUserCodes(deriveKeys(appKeys, 'user-codes'))
  const { codes, consents, devices, sessions } = store
  const { grants, startSession } = createGrants(parts)
  const verifyAccessToken = createAccessTokenVerifier({ issuer: () => config.issuer, findKey: keys.accessTokenKey, clock })
  const readIdToken = createReadIdToken(keys, () => config.issuer)
  const oauth: OAuthServices = {
    authenticateClient,
    scopes,
    token: observed(createTokenEndpoint({
      authenticateClient, resources, scopes, startSession, pass: parts.challenge.pass, handlers: grants
    }), events),
    verifyAccessToken,
    revoke: createRevoke({
      authenticateClient, sessionEnds, revocations: store.revocations, refreshTokens, verifyAccessToken, personalTokens
    }),
    introspect: createIntrospect({
      authenticateClient, sessions, refreshTokens, verifyAccessToken, personalTokens,
      isRevoked: (claims, kid) => revocationList.revokedBy(claims, kid) !== null,
      remainingScopes: createRemainingScopes(clients, scopes), idleTtl: config.refreshTokenTtl
    }),
    authorize: createAuthorize({
      check: createAuthorizationCheck({ clients, scopes, resources }),
      codes,
      consents,
      clock,
      issuer: () => config.issuer,
      sessionTtl: config.sessionTtl,
      missing: parts.users.records.missing,
      userOfIdToken: async (idToken) => (await readIdToken(idToken))?.userId ?? null,
      reauthKey: deriveKeys(appKeys, 'reauthentication')[0]!
    }),
    device: {
      authorize: createDeviceAuthorization({
        authenticateClient, devices, scopes, resources, userCodes, verificationUri: () => `${config.issuer}/device`
      }),
      ...createDeviceVerification({
        devices, clients, scopes, userCodes, throttle: throttle.userCode, events, missing: parts.users.records.missing
      })
    }
  }
  const oidc: OidcServices = {
    endSession: atFirstUse<EndSession>(
      async () => (await import('../oidc/end-session.ts')).createEndSession({ clients, sessions, sessionEnds, readIdToken }), ['begin', 'end']
    ),
    metadata: perIssuer(config, () => createMetadata(config, oauth.token.grantTypes)),
    ...atFirstUse<Pick<OidcServices, 'userInfo'>>(async () => {
      const { createUserInfo } = await import('../oidc/user-info.ts')
      const userInfo = createUserInfo({ profile: parts.users.records.profile, requestedClaims: sessions.requestedClaims, clients, scopes })
      return { userInfo }
    }, ['userInfo'])
  }
  return { oauth, oidc }
}
