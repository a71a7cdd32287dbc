import type { Identifier } from '../users/attributes.ts'
import type { Consent, Wish } from './authorize/consent.ts'

/** An OAuth client (RFC 6749 section 2). */
export type Client = {
  id: string
  slug: string | null
  name: string
  /** SHA-256 of the secret; null while the client has none. */
  secretHash: Uint8Array | null
  /** The one before the last rotation, which counts until then. */
  previousSecretHash: Uint8Array | null
  previousSecretUntil: Date | null
  /** RFC 7591 section 2 token_endpoint_auth_method; `none` is a public client. */
  authMethod: string
  grantTypes: string[]
  /** Scopes it may have; `*` stands for every registered one. */
  scopes: string[]
  /** Scopes it gets when it asks for none. */
  defaultScopes: string[]
  firstParty: boolean
  proxy: boolean
  refreshTokenInBody: boolean
  /** Runs proxies apart from the server: its word on the user's address counts. */
  trustedProxy: boolean
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  /** Does not ask for consent. */
  skipsConsent: boolean
  /** Confidential, and cannot send PKCE. */
  pkceOptional: boolean
  idTokenAlg: string
  /** Seconds; null takes the server's setting. */
  accessTokenTtl: number | null
  /** May ask about every access token, and about personal ones. */
  introspects: boolean
  /** It may ask about access tokens whose audience is one of these. */
  resourceServers: string[]
  refreshGrace: number | null
  /** Carried by the tokens that it gets for itself. */
  tokenEpoch: number
  /** The user whom it belongs to; null for the operator's. */
  ownerId: string | null
  revokedAt: Date | null
}

export type Clients = {
  find: (id: string) => Promise<Client | null>
  findBySlug: (slug: string) => Promise<Client | null>
  /** Past what is remembered of it: another process may have changed it a moment ago. */
  findAgain: (id: string) => Promise<Client | null>
}

/** Where a request came from; address and agent are kept with the session that it makes. */
export type Caller = {
  ip: string
  userAgent: string | undefined
  /** Signed proof that a user has logged in from there before. */
  device?: string | undefined
  /** The user's address as a client tells it; counts for a trusted proxy only. */
  toldIp?: string | undefined
  /** The client that a user logs in through, for what is told of the login. */
  clientId?: string | undefined
}

export type NewSession = {
  id: string
  userId: string
  /** As read with the password hash; a password changed meanwhile makes the insert find nothing. */
  passwordStamp: number
  clientId: string
  scopes: string[]
  resources: string[]
  secretHash: Uint8Array
  /** Seconds. */
  ttl: number
  caller: Caller
}

export type Rotation = {
  id: string
  generation: number
  secretHash: Uint8Array
  clientId: string
  /** Seconds without a rotation after which the session has ended. */
  idleTtl: number
  /** Scopes that must be among the session's; null asks for all of them. */
  asked: string[] | null
  /** Those of `asked` that a session with the scope `*` has, too. */
  ofAny: string[] | null
  /** Resources that must be among the session's; none but the issuer when empty, null asks for all of them. */
  resources: string[] | null
}

/** What id tokens of a session say (OpenID Connect Core section 2). */
export type OidcContext = {
  nonce: string | null
  /** Seconds since 1970. */
  authTime: number
  /** The `claims` parameter (section 5.5). */
  claims: ClaimsRequest | null
}

export type ClaimRequest = { essential?: boolean, value?: unknown, values?: unknown[] } | null
export type ClaimsRequest = { id_token?: Record<string, ClaimRequest>, userinfo?: Record<string, ClaimRequest> }

/** What a token is made of. */
export type Grant = {
  oidc: OidcContext | null
  sessionId: string
  userId: string
  scopes: string[]
  resources: string[]
  tokenEpoch: number
  generation: number
  expiresAt: Date
}

export type Rotated = Grant & {
  /** The row was behind the token: the database went back to a backup. */
  wentBack: boolean
}

/** The session as it stands when a rotation found nothing to do. */
export type Superseded = Grant & {
  clientId: string
  /** Neither revoked nor expired; its user and its client are alive. */
  alive: boolean
  /**
   * Seconds since the presented generation was replaced; null when it is the current one, infinite when that is too long ago to be known.
   */
  supersededFor: number | null
  /** The current generation came right after the presented one, and was never used. */
  successorUnused: boolean
  /** The last rotation, or the start: the idle time counts from it. */
  lastUsedAt: Date
  /** Who came then. */
  ip: string | null
  userAgent: string | null
}

export type Sessions = {
  /** @returns null when the user or the client is not what it was: the caller refuses */
  create: (session: NewSession) => Promise<{ tokenEpoch: number, expiresAt: Date } | null>
  /** One compare-and-set; null when nothing matched. */
  rotate: (rotation: Rotation, caller: Caller) => Promise<Rotated | null>
  inspect: (rotation: Rotation) => Promise<Superseded | null>
  /** Rotates past the `current` generation, of which nobody heard; null when it is not that any more, or was used. Writes an event. */
  recover: (rotation: Rotation, current: number, caller: Caller) => Promise<Grant | null>
  /** The `claims` parameter that the session was made with, and its scopes. */
  requestedClaims: (id: string) => Promise<{ claims: ClaimsRequest | null, scopes: string[] } | null>
  /** What a session that is alive may do, and its epoch. */
  standing: (id: string) => Promise<{ scopes: string[], tokenEpoch: number } | null>
  /** Writes an event without touching the session. */
  noteReplay: (id: string, caller: Caller) => Promise<void>
}

/** A code that waits to be redeemed; the session that redeeming makes is named already. */
export type NewCode = {
  hash: Uint8Array
  clientId: string
  userId: string
  sessionId: string
  /** The login of the browser that it is made for. */
  browserSessionId: string
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
  /** Of the verifier that was sent; null when none was. */
  codeChallenge: string | null
  secretHash: Uint8Array
  /** Must be among the resources of the code, as in a rotation. */
  resources: string[] | null
  /** Seconds. */
  ttl: number
  caller: Caller
}

/** A code as it stands when it could not be redeemed. */
export type SpentCode = Pick<NewCode, 'clientId' | 'redirectUri' | 'codeChallenge' | 'sessionId' | 'resources'> & {
  redeemed: boolean,
  expired: boolean
}

export type Codes = {
  /** @returns false when the login has ended meanwhile */
  create: (code: NewCode) => Promise<boolean>
  /** Redeems and makes the session in one statement; null when anything does not fit. */
  redeem: (redemption: Redemption) => Promise<Grant | null>
  inspect: (hash: Uint8Array) => Promise<SpentCode | null>
}

/** For this server when there are no resources. `client` as it was shown to the user. */
export type NewConsent = Wish & { userId: string, client: Pick<Client, 'id' | 'name' | 'redirectUris'> }

export type Consents = {
  /** Null when the user was never asked. */
  find: (userId: string, clientId: string) => Promise<Consent | null>
  /** @returns false when the client has another name or other redirect URIs by now: it is not what the user has allowed */
  add: (consent: NewConsent) => Promise<boolean>
}

export type TokenRevocations = {
  /** A client's own access token. */
  revoke: (token: { jti: string, clientId: string, epoch: number }) => Promise<void>
}

/** Who a login turned out to be. */
export type SignedIn = { userId: string, passwordStamp: number }

/**
 * @returns null for a wrong password, an unknown or a disabled user; takes the same time for each. `device` is what the caller shows next
 *   time
 * @throws TooManyAttempts
 */
export type Authenticate = (
  candidates: Identifier[],
  password: string,
  caller: Caller
) => Promise<SignedIn & { device: string | undefined } | null>

/** Signs the claims of an access token as `at+jwt` (RFC 9068 section 2.1). */
export type SignAccessToken = (claims: object) => string
