import type { Identifier } from '../users/attributes.ts'
import type { OutboxEntry } from '../outbox/ports.ts'
import type { Missing } from '../users/missing.ts'
import type { UpstreamOrigin } from '../sessions/upstream-origin.ts'

/** An OAuth client (RFC 6749 section 2). */
export type Client = {
  id: string
  slug: string | null
  name: string
  /** SHA-256 of the secret; null while the client has none. */
  secretHash: Uint8Array | null
  /** The secret before the last rotation, valid until the time below. */
  previousSecretHash: Uint8Array | null
  previousSecretUntil: Date | null
  /** RFC 7591 section 2 token_endpoint_auth_method; `none` is a public client. */
  authMethod: string
  grantTypes: string[]
  /** Scopes the client may have; `*` stands for every registered one. */
  scopes: string[]
  /** Scopes the client gets when it requests none. */
  defaultScopes: string[]
  firstParty: boolean
  proxy: boolean
  refreshTokenInBody: boolean
  /** Runs remote client proxies; the user addresses it reports are trusted. */
  trustedProxy: boolean
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  /** Users are not asked for consent. */
  skipsConsent: boolean
  /** Confidential, and unable to send PKCE. */
  pkceOptional: boolean
  idTokenAlg: string
  /** Seconds; null uses the server's setting. */
  accessTokenTtl: number | null
  /** May introspect every access token, and personal access tokens. */
  introspects: boolean
  /** May introspect access tokens whose audience is one of these. */
  resourceServers: string[]
  refreshGrace: number | null
  /** Carried by the tokens the client gets for itself. */
  tokenEpoch: number
  /** The user who owns the client; null for a client of the operator. */
  ownerId: string | null
  revokedAt: Date | null
}

export type Clients = {
  find: (id: string) => Promise<Client | null>
  findBySlug: (slug: string) => Promise<Client | null>
  /** Bypasses the cache, since another process may have changed the client a moment ago. */
  findAgain: (id: string) => Promise<Client | null>
}

/** Where a request came from; address and user agent are stored with the session it creates. */
export type Caller = {
  ip: string
  userAgent: string | undefined
  /** Signed proof that the user has logged in from this device before. */
  device?: string | undefined
  /** The user's address as reported by a client; used for trusted proxies only. */
  forwardedIp?: string | undefined
  /** The client through which a user logs in, for the events of the login. */
  clientId?: string | undefined
}

export type NewSession = {
  id: string
  userId: string
  /** As read with the password hash; the insert finds nothing if the password has changed since. */
  passwordStamp: number
  /** How the user has just proven who they are (RFC 8176), and when: by default, and at the latest, now. */
  amr: string[]
  authTime?: Date | undefined
  clientId: string
  scopes: string[]
  resources: string[]
  secretHash: Uint8Array
  /** Seconds. */
  ttl: number
  caller: Caller
  /** Written if the session is. */
  notices?: OutboxEntry[]
  /** Of a login at a provider. */
  origin?: UpstreamOrigin | undefined
}

export type Rotation = {
  id: string
  generation: number
  secretHash: Uint8Array
  clientId: string
  /** Seconds without a rotation after which the session expires. */
  idleTtl: number
  /** Scopes that must be among the session's; null requests all of them. */
  requestedScopes: string[] | null
  /** Those of `requestedScopes` that a session with the scope `*` has as well. */
  ofAny: string[] | null
  /** Resources that must be among the session's. Empty: only the issuer; null: all of them. */
  resources: string[] | null
}

/** Contents of the session's id tokens (OpenID Connect Core section 2). */
export type OidcContext = {
  nonce: string | null
  /** Seconds since 1970. */
  authTime: number
  /** The `claims` parameter (section 5.5). */
  claims: ClaimsRequest | null
}

export type ClaimRequest = { essential?: boolean, value?: unknown, values?: unknown[] } | null
export type ClaimsRequest = { id_token?: Record<string, ClaimRequest>, userinfo?: Record<string, ClaimRequest> }

/** What is needed to issue tokens for a session. */
export type SessionState = {
  oidc: OidcContext | null
  sessionId: string
  userId: string
  scopes: string[]
  resources: string[]
  tokenEpoch: number
  generation: number
  expiresAt: Date
  /** When the user proved who they are, and how (RFC 8176). A refresh changes neither. */
  authTime: Date
  amr: string[]
}

export type CreatedSession = Pick<SessionState, 'tokenEpoch' | 'expiresAt' | 'authTime' | 'amr'>

export type Rotated = SessionState & {
  /** The row was behind the presented token: the database was restored from a backup. */
  wentBack: boolean
}

/** The state of a session when a rotation found nothing to update. */
export type Superseded = SessionState & {
  clientId: string
  /** Neither revoked nor expired, with an active user and client. */
  alive: boolean
  /**
   * Seconds since the presented generation was replaced; null when it is the current one, infinite when that was too long ago to be
   * recorded.
   */
  supersededFor: number | null
  /** The current generation directly follows the presented one and was never used. */
  successorUnused: boolean
  /** Time of the last rotation, or of the start; the idle time runs from it. */
  lastUsedAt: Date
  /** Caller of that rotation. */
  ip: string | null
  userAgent: string | null
}

export type Sessions = {
  /** @returns null when the user or the client has changed; the caller refuses the request */
  create: (session: NewSession) => Promise<CreatedSession | null>
  /** One compare-and-set; null when no row matched. */
  rotate: (rotation: Rotation, caller: Caller) => Promise<Rotated | null>
  inspect: (rotation: Rotation) => Promise<Superseded | null>
  /**
   * Rotates past the `current` generation, which was never received. Null when it is no longer the current one or was used. Writes an audit
   * event.
   */
  recover: (rotation: Rotation, current: number, caller: Caller) => Promise<SessionState | null>
  /** The `claims` parameter the session was created with, and its scopes. */
  requestedClaims: (id: string) => Promise<{ claims: ClaimsRequest | null, scopes: string[] } | null>
  /** The scopes and the epoch of an active session, how its user has logged in, and whether that lacks a second factor of theirs. */
  standing: (id: string) => Promise<{ scopes: string[], tokenEpoch: number, amr: string[], lacksFactor: boolean } | null>
  /** Writes an audit event without updating the session. */
  noteReplay: (id: string, caller: Caller) => Promise<void>
}

/** A code waiting to be redeemed, with the id of the session that redeeming it creates. */
export type NewCode = {
  hash: Uint8Array
  clientId: string
  userId: string
  sessionId: string
  /** The browser session in which it was issued. */
  browserSessionId: string
  /** Seconds for which it is known which login at a provider the session comes from; null if it comes from none. */
  upstreamTtl: number | null
  redirectUri: string
  scopes: string[]
  resources: string[]
  codeChallenge: string | null
  oidc: OidcContext
  /** Seconds. */
  ttl: number
}

export type Redemption = {
  hash: Uint8Array
  clientId: string
  /** Null when the client did not repeat it (OAuth 2.1 section 10.2). */
  redirectUri: string | null
  /** Derived from the presented verifier; null when none was sent. */
  codeChallenge: string | null
  secretHash: Uint8Array
  /** Must be among the resources of the code, as in a rotation. */
  resources: string[] | null
  /** Seconds. */
  ttl: number
  caller: Caller
}

/** The state of a code that could not be redeemed. */
export type SpentCode = Pick<NewCode, 'clientId' | 'redirectUri' | 'codeChallenge' | 'sessionId' | 'resources'> & {
  redeemed: boolean,
  expired: boolean
}

export type Codes = {
  /** @returns false when the browser session has ended since */
  create: (code: NewCode) => Promise<boolean>
  /** Redeems the code and creates the session in one statement; null when anything does not match. */
  redeem: (redemption: Redemption) => Promise<SessionState | null>
  inspect: (hash: Uint8Array) => Promise<SpentCode | null>
}

export type TokenRevocations = {
  /** Revokes a client's own access token. */
  revoke: (token: { jti: string, clientId: string, epoch: number }) => Promise<void>
}

/** The user that a login belongs to. */
export type SignedIn = { userId: string, passwordStamp: number }

/**
 * @returns null for a wrong password, an unknown or a disabled user, after the same time for each; `device` is the proof to present at the
 * next login. Where something is `missing`, no token and no browser session may be created. `notices` are written with the session. With
 * `entered` there is no such user, and nothing tells: it is the address of a registration
 * @throws TooManyAttempts
 */
export type Authenticate = (candidates: Identifier[], password: string, caller: Caller) =>
Promise<SignedIn & { device: string | undefined, missing: readonly Missing[], notices: OutboxEntry[], entered?: Identifier } | null>

/** Signs the claims of an access token as `at+jwt` (RFC 9068 section 2.1). */
export type SignAccessToken = (alg: 'ES256', claims: object, type: 'at+jwt') => string
