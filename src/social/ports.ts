import type { Transaction } from '../database/transaction.ts'
import type { Identifier } from '../users/attributes.ts'
import type { AlsoWrite } from '../verification/ports.ts'

/** What a provider says about who has logged in there. */
export type UpstreamProfile = {
  /** Who it is at the provider: never reassigned there, compared by bytes. */
  subject: string
  email: string | null
  /** Whether the provider vouches that the address belongs to them now. Its own word alone is not enough for every provider. */
  emailVerified: boolean
  name: string | null
  /** BCP 47 */
  locale: string | null
}

/** Claims of an id token and UserInfo, or what an API of an OAuth 2.0 provider answers. */
export type UpstreamClaims = Record<string, unknown>

/** What is read of claims, before it is checked. A subject may be an integer. */
export type ReadClaims = { subject?: unknown, email?: unknown, emailVerified?: unknown, name?: unknown, locale?: unknown }

/** A function of the host that reads the answers of its provider; a method, so that it may name a narrower type of them. */
export type ReadProfile = {
  profile (claims: UpstreamClaims): {
    subject: string | number, email?: string | null | undefined, emailVerified?: boolean | undefined
    name?: string | null | undefined, locale?: string | null | undefined
  } | null
}['profile']

/** Whom a provider lets in: users who have an account here, also if it is joined now by a verified address; new ones alone; or both. */
export type ProviderUse = 'both' | 'login' | 'register'

/** How a provider says for which client an access token was issued, so that one of another application is refused. */
export type TokenCheck = {
  /** What is sent to it, by `fetch(url, init)`. Contains the token, and may contain the secret of the client. */
  ask: (token: string) => { url: string, init: { method?: 'POST', headers?: Record<string, string>, body?: string } }
  /** @returns of its answer the client ids, each of which must be `clientId` or one of `audiences`; none for a token that is not valid */
  issuedTo: (answer: UpstreamClaims) => string[]
  /** Statuses that say that our client is refused, where it authenticates with its secret. */
  refusals?: readonly number[]
}

type ProviderBase = {
  /** In routes and in the database: `[a-z0-9-]+`. */
  name: string
  /** On buttons. */
  label: string
  clientId: string
  /** Undefined for a public client. */
  clientSecret: string | undefined
  scopes: string[]
  /** More parameters of the authorization request. */
  params: Record<string, string>
  /** Client ids of the operator's mobile apps, whose tokens are accepted as well. */
  audiences: string[]
  /** Redirect URIs of these apps, to which the provider sends codes. */
  redirectUris: string[]
  use: ProviderUse
  /** Its tokens are kept, so that the host can act there for its users. */
  keepTokens?: true
  /** Who logs out on our pages is logged out there as well, where the metadata of an OpenID provider says how. */
  logout?: true
  /** The browser posts the answer from a page of the provider (OAuth 2.0 Form Post Response Mode); otherwise it is in the address. */
  responseMode?: 'form_post'
  /** False for a provider that fails when it gets a code challenge and a client secret (RFC 7636). */
  pkce?: false
  /** Of a preset; undefined for one that cannot say whose an access token is. */
  tokenCheck?: TokenCheck
  /** Of the answers of the provider. @returns null without a usable subject */
  read: (claims: UpstreamClaims) => UpstreamProfile | null
}

/** OpenID Connect Discovery says the rest. */
export type OpenIdProvider = ProviderBase & {
  kind: 'openid'
  /** Where the metadata is: `<issuer>/.well-known/openid-configuration`. */
  issuer: string
  /**
   * Set where each tenant has an issuer of its own: `issuer` of the metadata, as it is written there. `{tenantid}` stands for the claim
   * `tid` of the id token, which must be issued by the result.
   */
  issuerTemplate?: string
  /** Which of these tenants are let in; undefined for all. */
  isTenant?: (tid: string) => boolean
  /** False for a provider whose id tokens do not contain the nonce of the request. */
  nonce?: false
  /** Its client secret is a token that is signed with this key (ES256). */
  clientKey?: ClientKey
  /** What it posts about the user beside the code. Nobody has signed it, so that it is worth what a user enters. */
  posted?: (params: URLSearchParams) => UpstreamClaims
  /** Corrects the answer of a token endpoint that does not follow RFC 6749 section 5.1, before it is read. */
  conform?: (answer: UpstreamClaims) => UpstreamClaims
}

export type ClientKey = {
  /** Who signs: `iss`. */
  teamId: string
  /** `kid` */
  keyId: string
  /** PKCS #8 in PEM, of the curve P-256. */
  privateKey: string
}

/** Without id tokens (RFC 6749). */
export type OAuth2Provider = ProviderBase & {
  kind: 'oauth2'
  authorizationEndpoint: string
  tokenEndpoint: string
  /** Says whose an access token is (RFC 7662). */
  introspectionEndpoint?: string
  /** Each is asked with the access token; the claims are their JSON answers by name. The first one is always `user`. */
  profileEndpoints: Record<string, string>
  /** How the client authenticates at the token endpoint. */
  authMethod: 'client_secret_basic' | 'client_secret_post'
}

export type Provider = OpenIdProvider | OAuth2Provider

/** For which a provider may issue what is accepted here. */
export function clientsOf ({ clientId, audiences }: Provider): string[] {
  return [clientId, ...audiences]
}

/** A user's way in through a provider. */
export type SocialAccount = {
  provider: string
  subject: string
  userId: string
  /** As the provider said last; shown, never compared. */
  email: string | null
  name: string | null
  createdAt: Date
  lastUsedAt: Date
}

/** What is stored of a profile. */
export type NewSocialAccount = Pick<SocialAccount, 'provider' | 'subject' | 'email' | 'name'>

/** What lets a user in: providers, attributes whose mailbox can set a new password, and whether a password does. */
export type WaysIn = { providers: string[], mailboxes: string[], password: boolean }

export type SocialAccountStore = {
  /**
   * Whose it is; the address, the name and the time of the last use are updated.
   * @returns with the password stamp of that moment: a login is refused if the account is taken over before it is complete
   */
  use: (account: NewSocialAccount) => Promise<{ userId: string, passwordStamp: number } | null>
  /** The user whose identifier is this one, and verified. */
  verifiedOwner: (identifier: Identifier) => Promise<string | null>
  /**
   * Joins it to the user whose verified identifier is this one, unless the user has another account at this provider: an address may have
   * changed hands there.
   */
  join: (account: NewSocialAccount, owner: { userId: string, identifier: Identifier }, also: AlsoWrite) => Promise<boolean>
  /**
   * @param owner whose session has this epoch
   * @returns `own`: the user had it already; `taken`: somebody else has it; `gone`: the session has ended, or the user may not log in
   */
  link: (account: NewSocialAccount, owner: { userId: string, tokenEpoch: number }, also?: AlsoWrite) => Promise<'linked' | 'own' | 'taken' | 'gone'>
  /** Inserts it for a user who is created in the same transaction. @throws a unique violation when somebody has it */
  insert: (transaction: Transaction, account: NewSocialAccount, userId: string) => Promise<void>
  /**
   * @param ways one of which must remain; null: none need
   * @returns `last`: the user could not log in any more
   */
  unlink: (account: Pick<SocialAccount, 'userId' | 'provider' | 'subject'>, ways: WaysIn | null, also?: AlsoWrite) => Promise<'unlinked' | 'unknown' | 'last'>
  list: (userId: string) => Promise<SocialAccount[]>
}
