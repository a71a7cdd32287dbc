import type { FastifyReply, FastifyRequest } from 'fastify'
import type { guardOptions } from '../../src/config/guard-options.ts'
import type { GuardOptions } from '../../src/config/options.ts'
import type { BearerRefusal } from '../../src/events/events.ts'
import type { VerifyAccessToken } from '../../src/keys/access-token-verifier.ts'
import type { AccessTokenClaims } from '../../src/oauth/token/access-token.ts'
import type { RevocationList } from '../../src/revocation/revocation-list.ts'
import type { Profile } from '../../src/users/ports.ts'
import type { Auth, BrowserAuth, ClientAuth, PersonalAuth, SessionAuth } from './auth.ts'
import type { WebTrust } from './web-guard.ts'

/** `api`: tokens of users; `client`: tokens of clients that act for themselves, and no others; `web`: browser sessions. */
export type GuardKind = keyof typeof guardOptions

/** Resolves to never for an option that is left out or whose type is false. */
type MayBeOn<Options, Name extends string, Then> = Name extends keyof Options
  ? (Options[Name] extends false | undefined ? never : Then)
  : never

/** The principals that a guard accepts, by its kind and options. */
export type Guarded<Kind extends GuardKind, Options> =
  | (Kind extends 'web'
    ? BrowserAuth
    : Kind extends 'client'
      ? ClientAuth
      : SessionAuth | PersonalAuth | MayBeOn<Options, 'clients', ClientAuth>)
  | MayBeOn<Options, 'optional', null>

/** A request of any server (HTTP/2 included), with any logger and type provider: the types of Fastify differ with each of these. */
export type AnyRequest = Pick<FastifyRequest, 'id' | 'method' | 'url'>
export type AnyReply = Pick<FastifyReply, 'sent' | 'statusCode'>

/** A hook for `onRequest`; `auth` returns the principal that this guard has found. */
export type Guard<Who> =
  & ((this: unknown, request: AnyRequest, reply: AnyReply) => Promise<unknown>)
  & { auth: (request: AnyRequest) => Who }

/** The options that only guards of other kinds have, as a type error. */
type Without<Names extends keyof GuardOptions> = Omit<GuardOptions, Names> & { [Name in Names]?: never }

/** The options of a guard by its kind, as `guardOptions` checks them at the start. */
type GuardOptionsOf<Kind extends GuardKind> = Kind extends 'web'
  ? Without<Exclude<keyof GuardOptions, 'optional' | 'acr' | 'maxAge'>>
  : Kind extends 'client' ? Without<'clients' | 'acr' | 'maxAge'> : GuardOptions

export type AuthGuard = {
  <Kind extends GuardKind>(guard: Kind): Guard<Guarded<Kind, object>>
  <Kind extends GuardKind, const Options extends GuardOptionsOf<Kind>>(
    guard: Kind,
    options: Options | undefined
  ): Guard<Guarded<Kind, Options>>
}

/** What a guard knows: issuer, audience, keys, revocations, and how old the revocation list is. */
export type Trust = {
  issuer: string
  audience: string | string[]
  verify: VerifyAccessToken
  revokedBy: RevocationList['revokedBy']
  /** Milliseconds since 1970. */
  now: () => number
  /** Age of the revocation list in seconds: since it was last known to be complete. */
  age: () => number
  maxStaleness: number
  onStale: 'refuse' | 'accept'
  user: (claims: AccessTokenClaims, token: string) => Promise<Profile | null>
  /** Whether the client of a token is a first-party client. */
  firstParty: (claims: AccessTokenClaims) => boolean | Promise<boolean>
  /** Where a client finds out how to get a token (RFC 9728 section 5.1). */
  about: { resource_metadata?: string }
  /** Null where there are no browser sessions. */
  web: WebTrust | null
  /** The claims that a personal access token stands for. Without this function those tokens are refused. */
  personal?: (token: string) => Promise<AccessTokenClaims | null>
  onRefused?: (reason: BearerRefusal) => void
}

/** Null for a guest; undefined when the answer has already been sent. */
export type Find = (request: FastifyRequest, reply: FastifyReply) => Promise<Auth | null | undefined>
