import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { perIssuer } from '../src/config/address.ts'
import type { AccessTokenClaims } from '../src/oauth/token/access-token.ts'
import type { BearerRefusal } from '../src/events/events.ts'
import { checkOptions } from '../src/config/check-options.ts'
import { ConfigError } from '../src/config/config-error.ts'
import { asRejection } from '../src/database/unavailable.ts'
import { looksLikePersonalToken } from '../src/personal-tokens/form.ts'
import type { GuardOptions, RemoteGuardOptions } from '../src/config/options.ts'
import { guardOptions } from '../src/config/guard-options.ts'
import type { Profile } from '../src/users/ports.ts'
import { createAuth, factsOf, type Auth, type BrowserAuth, type ClientAuth, type PersonalAuth, type SessionAuth } from './guard/auth.ts'
import { guardedBy, securityOf } from './guard/guarded.ts'
import { isOurs } from './http/keep-out-host.ts'
import { markGuarded } from './operations/openapi/host-document.ts'
import { decorateRequests, foundBy, note } from './guard/request-auth.ts'
import { localTrust } from './guard/local.ts'
import { isRemote } from './guard/is-remote.ts'
import { alreadyRegistered } from './http/once.ts'
import servicesPlugin, { type ServicesOptions } from './services.ts'
import { firstPartyOnly, forbidden, stale, unauthorized } from './guard/errors.ts'
import { authenticateBrowser, type WebTrust } from './guard/web-guard.ts'
import { codeOf, refusalOf } from './guard/bearer-refusal.ts'
import { createVerifier, keyFailure, type Verify } from './guard/verifier.ts'

export type { GuardOptions } from '../src/config/options.ts'

/** `api`: tokens of users; `client`: tokens of clients that act for themselves, and no others; `web`: browsers that are logged in on the pages. */
export type GuardKind = keyof typeof guardOptions

/** Whether an option may be on: not when it is left out, or false as far as TypeScript knows. */
type MayBeOn<Options, Name extends string, Then> = Name extends keyof Options ? (Options[Name] extends false | undefined ? never : Then) : never

/** Whom a guard lets in, by its kind and options. */
export type Guarded<Kind extends GuardKind, Options> =
  | (Kind extends 'web' ? BrowserAuth : Kind extends 'client' ? ClientAuth : SessionAuth | PersonalAuth | MayBeOn<Options, 'clients', ClientAuth>)
  | MayBeOn<Options, 'optional', null>

/** A hook for `onRequest`, and whom this guard has found on a request that it stands before. */
export type Guard<Who> = onRequestAsyncHookHandler & { auth: (request: FastifyRequest) => Who }

export type AuthGuard = {
  <Kind extends GuardKind>(guard: Kind): Guard<Guarded<Kind, object>>
  <Kind extends GuardKind, const Options extends GuardOptions>(guard: Kind, options: Options | undefined): Guard<Guarded<Kind, Options>>
}

/** What a guard must know: whose tokens, which keys, what is revoked, and how old that knowledge is. */
export type Trust = {
  issuer: string
  audience: string | string[]
  accessTokenKey: (kid: unknown) => Promise<string | undefined>
  refusal: (claims: AccessTokenClaims, kid: string) => string | null
  /** Seconds since the revocations were known to be complete. */
  age: () => number
  maxStaleness: number
  onStale: 'refuse' | 'accept'
  user: (claims: AccessTokenClaims, token: string) => Promise<Profile | null>
  /** Whether the client of a token is the operator's own. */
  firstParty: (claims: AccessTokenClaims) => boolean | Promise<boolean>
  /** Where a client learns how to get a token (RFC 9728 section 5.1). */
  about: { resource_metadata?: string }
  /** Null where there are no browsers. */
  web: WebTrust | null
  /** The claims that a personal access token stands for; where there are none, those are refused. */
  personal?: (token: string) => Promise<AccessTokenClaims | null>
  onRefused?: (reason: BearerRefusal) => void
}

export type AuthGuardOptions = ServicesOptions | RemoteGuardOptions

/** What the guard of an instance was made with; null for the process that has the database. */
const madeWith = new WeakMap<AuthGuard, RemoteGuardOptions | null>()

/** `onRequest: app.authGuard('api', { scopes: ['orders:read'] })` for bearer tokens (RFC 6750), `app.authGuard('web')` for browsers. */
async function authGuard (host: FastifyInstance, options: AuthGuardOptions): Promise<void> {
  const remote = isRemote(options) ? options : null
  if (host.hasDecorator('authGuard')) return useExisting(host, options, remote)
  if (remote) return decorate(host, await (await import('./guard/remote.ts')).remoteTrust(host, remote), remote)
  host.register(servicesPlugin, options as ServicesOptions)
  host.register(fp(async (app) => decorate(app, localTrust(app.latchkey), null), { name: 'latchkey-guard' }))
}

function decorate (host: FastifyInstance, trust: Trust, remote: RemoteGuardOptions | null): void {
  const verifiers = createVerifiers(trust)
  const guard = function (this: object | undefined, kind: GuardKind, wanted: GuardOptions = {}) {
    checkGuard(kind, wanted)
    const find = kind === 'web' ? inBrowser(trust, wanted) : byToken(verifiers(wanted.audience), trust, { ...structuredClone(wanted), guard: kind })
    const hook = guardHook(find, this !== undefined && isOurs(this))
    const asks = kind === 'web' ? { browser: [] } : { bearer: wanted.scopes ?? wanted.anyScope ?? [] }
    return guardedBy(Object.assign(hook, { auth: (request: FastifyRequest) => foundBy(hook, request) }), wanted.optional ? [asks, {}] : [asks])
  } as AuthGuard
  madeWith.set(guard, remote)
  if (host.hasRequestDecorator('auth')) throw new ConfigError([{ name: 'request.auth', message: 'is where a guard says who a request is from, and this app has decorated it already: give that decorator another name, or register latchkey in a scope that does not have it' }])
  decorateRequests(host)
  host.decorate('authGuard', guard)
  describeGuards(host, trust.web?.cookie ?? '')
}

/** A guard that asks for less than was meant lets people in: a mistake in it stops the start. @throws ConfigError */
function checkGuard (kind: unknown, wanted: unknown): asserts kind is GuardKind {
  const kinds = Object.keys(guardOptions)
  if (typeof kind !== 'string' || !kinds.includes(kind)) throw new ConfigError([{ name: 'authGuard', message: `takes ${kinds.map((name) => `'${name}'`).join(' or ')} and then options, as in onRequest: app.authGuard('api', { scopes: ['orders:read'] })` }])
  checkOptions(`authGuard('${kind}')`, guardOptions[kind as GuardKind], wanted)
}

/** What was registered first counts; a second registration may say the same. @throws ConfigError when it says something else */
function useExisting (host: FastifyInstance, options: AuthGuardOptions, remote: RemoteGuardOptions | null): void {
  const first = madeWith.get(host.authGuard)
  if (first === null && remote === null) host.register(servicesPlugin, options as ServicesOptions)
  else if (!first || !isDeepStrictEqual(first, remote)) throw alreadyRegistered('authGuard', first ? `, for the tokens of ${first.issuer}` : ', for the tokens of this server')
}

/** One for each audience: each remembers what it has verified. */
function createVerifiers (trust: Trust): (audience?: string | string[]) => Verify {
  const known = new Map<string, Verify>()
  return (audience) => {
    const key = [audience ?? []].flat().join(' ')
    const verify = known.get(key) ?? verifierFor(trust, audience)
    known.set(key, verify)
    return verify
  }
}

function verifierFor (trust: Trust, audience: string | string[] | undefined): Verify {
  const verifier = perIssuer(trust, (issuer) => createVerifier({ issuer, audience: audience ?? trust.audience, accessTokenKey: trust.accessTokenKey }))
  return (token) => verifier()(token)
}

type Wanted = GuardOptions & { guard: 'api' | 'client' }

/** Null for a guest; undefined where the answer has been sent. */
type Find = (request: FastifyRequest, reply: FastifyReply) => Promise<Auth | null | undefined>

/** @param ours on a route of ours; one that a host puts on its whole app, in whatever wrapping, leaves our routes alone, or nobody could log in */
function guardHook (find: Find, ours: boolean): onRequestAsyncHookHandler {
  const hook: onRequestAsyncHookHandler = async (request, reply) => {
    if (!ours && isOurs(request.server)) return
    const found = note(request, hook)
    const who = await find(request, reply).catch(asRejection)
    if (who === undefined) return reply
    found.who = who
  }
  return hook
}

function byToken (verify: Verify, trust: Trust, wanted: Wanted): Find {
  return async (request, reply) => await authenticate(verify, trust, request, reply, wanted)
}

/** @throws TypeError in a service without the database */
function inBrowser (trust: Trust, { optional = false }: GuardOptions): Find {
  const { web } = trust
  if (!web) throw new TypeError("authGuard('web') works where the pages are, not with { issuer }; use authGuard('api') here")
  return async (request, reply) => {
    if (!optional) refuseStale(trust, reply)
    const session = await authenticateBrowser(web, request, reply, optional)
    if (!session) return optional ? null : undefined
    if (optional) refuseStale(trust, reply)
    return createAuth({ kind: 'browser', userId: session.userId, clientId: null, scopes: ['*'], sessionId: session.id, tokenId: null }, () => web.user(session.userId).catch(asRejection))
  }
}

/** On knowledge that is too old a token is neither accepted nor refused. @throws 503 */
function refuseStale ({ age, maxStaleness, onStale }: Trust, reply: FastifyReply): void {
  // So that NaN is not fresh either
  const isFresh = age() <= maxStaleness
  if (!isFresh && onStale === 'refuse') throw stale(reply)
}

async function authenticate (verifier: Verify, trust: Trust, request: FastifyRequest, reply: FastifyReply, wanted: Wanted): Promise<Auth | null> {
  const needed = wanted.scopes ?? wanted.anyScope ?? []
  const token = bearerToken(request)
  if (wanted.optional && isForOthers(request.headers.authorization)) return null
  if (token === undefined) throw unauthorized(reply, trust.about)
  refuseStale(trust, reply)
  const refuse: Refuse = (reason, description) => refusal(trust, request, reply, reason, description)
  const claims = looksLikePersonalToken(token) ? await personal(trust, token, refuse, wanted) : await verified(verifier, trust, token, refuse)
  const facts = factsOf(claims, token)
  if (!facts) throw refuse('malformed')
  const auth: Auth = createAuth(facts, () => trust.user(claims, token).catch(asRejection))
  if (auth.kind === 'client' && wanted.guard === 'api' && !wanted.clients) throw refuse('not_a_user', 'This needs the token of a user')
  if (auth.kind !== 'client' && wanted.guard === 'client') throw refuse('not_a_client', 'This needs the token of a client that acts for itself')
  if (!isAllowed(auth, wanted)) throw forbidden(reply, needed, trust.about)
  // A personal access token was made in person, and may be anywhere since
  if (wanted.firstParty && (auth.kind === 'personal' || !await trust.firstParty(claims))) throw firstPartyOnly()
  return auth
}

type Refuse = (reason: BearerRefusal, description?: string) => Error

async function verified (verify: Verify, trust: Trust, token: string, refuse: Refuse): Promise<AccessTokenClaims> {
  const { header, payload } = await verify(token).catch((error: unknown) => { throw keyFailure(error) ?? refuse(refusalOf(error)) })
  const reason = trust.refusal(payload, header.kid)
  if (reason !== null) throw refuse(codeOf(reason))
  return payload
}

async function personal (trust: Trust, token: string, refuse: Refuse, { audience = trust.audience }: GuardOptions): Promise<AccessTokenClaims> {
  // They are for what the issuer itself is an audience of
  const claims = [audience].flat().includes(trust.issuer) ? await trust.personal?.(token) : null
  if (!claims) throw refuse('personal_token')
  return claims
}

function refusal (trust: Trust, request: FastifyRequest, reply: FastifyReply, reason: BearerRefusal, description = 'The access token is invalid, expired or revoked'): Error {
  request.log.info({ reason }, 'Bearer token refused')
  trust.onRefused?.(reason)
  return unauthorized(reply, { error: 'invalid_token', error_description: description, ...trust.about })
}

function isAllowed ({ can }: Auth, { scopes = [], anyScope }: GuardOptions): boolean {
  return scopes.every(can) && (anyScope === undefined || anyScope.some(can))
}

/** Nothing, or another scheme (RFC 9110 section 11.4), which is for somebody in front of us, such as a proxy that asks for a password. */
function isForOthers (authorization: string | undefined): boolean {
  return authorization === undefined || /^(?!bearer\b)[\w!#$%&'*+.^`|~-]+ +\S/i.test(authorization)
}

/** RFC 6750 section 2.1; the scheme is case-insensitive. */
export function bearerToken ({ headers: { authorization } }: FastifyRequest): string | undefined {
  return authorization === undefined ? undefined : /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1]
}

/** A guard counts wherever in the life of a request it stands. */
function describeGuards (host: FastifyInstance, cookie: string): void {
  host.addHook('onRoute', function (this: FastifyInstance, route) {
    const hooks = [route.onRequest, route.preParsing, route.preValidation, route.preHandler].flatMap((hook) => hook ?? [])
    const security = securityOf(hooks)
    if (security) markGuarded(this, route, { security, cookie })
  })
}

export default fp(authGuard, { name: 'latchkey-auth-guard', fastify: '5.x' })

declare module 'fastify' {
  interface FastifyInstance {
    authGuard: AuthGuard
  }
  interface FastifyRequest {
    /** Who it comes from, on routes with a guard; reading it on others throws. With `{ optional: true }` it is null for a guest: `guard.auth(request)` has the type. */
    readonly auth: Auth
  }
}
