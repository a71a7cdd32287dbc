import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessTokenClaims } from '../src/oauth/access-token.ts'
import { covers } from '../src/oauth/scopes.ts'
import type { Profile } from '../src/users/ports.ts'
import { localTrust } from './trust/local.ts'
import { remoteTrust, type RemoteTrustOptions } from './trust/remote.ts'
import servicesPlugin, { type ServicesOptions } from './services.ts'
import { forbidden, stale, unauthorized } from './guard-errors.ts'
import { createVerifier, keyFailure, type Verified, type Verify } from './verifier.ts'

/** Who a request comes from. */
export type Auth = {
  /** Null for a client that acts for itself. */
  userId: string | null
  clientId: string
  scopes: string[]
  sessionId: string | null
  tokenId: string
  /** Whether the token has the scope. */
  can: (scope: string) => boolean
  /** The user, read when first asked for; null for a client. */
  user: () => Promise<Profile | null>
}

export type GuardOptions = {
  /** All of them are needed. */
  scopes?: string[]
  /** One of them is enough. */
  anyScope?: string[]
  /** Clients that act for themselves may pass, too. */
  clients?: boolean
}

export type AuthGuard = (guard: 'api', options?: GuardOptions) => onRequestAsyncHookHandler

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
}

export type AuthGuardOptions = ServicesOptions | RemoteTrustOptions

const guards = new WeakMap<object, GuardOptions>()

/** RFC 6750 bearer tokens: `onRequest: app.authGuard('api', { scopes: ['orders:read'] })`. */
async function authGuard (host: FastifyInstance, options: AuthGuardOptions): Promise<void> {
  if (host.hasDecorator('authGuard')) return
  const trust = 'issuer' in options && options.issuer !== undefined ? await remoteTrust(host, options) : await fromServices(host, options as ServicesOptions)
  const verify = createVerifier(trust)
  host.decorateRequest('auth', null)
  host.decorate('authGuard', (_guard: 'api', wanted: GuardOptions = {}) => {
    const hook: onRequestAsyncHookHandler = async (request, reply) => {
      request.auth = await authenticate(verify, trust, request, reply, wanted)
    }
    guards.set(hook, wanted)
    return hook
  })
  host.addHook('onRoute', describeSecurity)
}

async function fromServices (host: FastifyInstance, options: ServicesOptions): Promise<Trust> {
  await host.register(servicesPlugin, options)
  return localTrust(host.latchkey)
}

async function authenticate (verifier: Verify, trust: Trust, request: FastifyRequest, reply: FastifyReply, wanted: GuardOptions): Promise<Auth> {
  const needed = wanted.scopes ?? wanted.anyScope ?? []
  const token = bearer(request.headers.authorization)
  if (token === undefined) throw unauthorized(reply, {})
  // Never a yes on old knowledge, and no word on the token either
  if (trust.age() > trust.maxStaleness && trust.onStale === 'refuse') throw stale(reply)
  const { header, payload } = await verified(verifier, token, request, reply)
  const reason = trust.refusal(payload, header.kid)
  if (reason !== null) throw refuse(request, reply, reason)
  const isClient = payload.sub === payload.client_id
  if (isClient && !wanted.clients) throw refuse(request, reply, 'a client is not a user', 'This needs the token of a user')
  const auth = createAuth(trust, payload, token)
  if (!isAllowed(auth, wanted)) throw forbidden(reply, needed)
  return auth
}

async function verified (verify: Verify, token: string, request: FastifyRequest, reply: FastifyReply): Promise<Verified> {
  try {
    return await verify(token)
  } catch (error) {
    throw keyFailure(error) ?? refuse(request, reply, (error as Error).message)
  }
}

function refuse (request: FastifyRequest, reply: FastifyReply, reason: string, description = 'The access token is invalid, expired or revoked') {
  request.log.info({ reason }, 'Bearer token refused')
  return unauthorized(reply, { error: 'invalid_token', error_description: description })
}

function createAuth (trust: Trust, claims: AccessTokenClaims, token: string): Auth {
  const scopes = claims.scope ? claims.scope.split(' ') : []
  const userId = claims.sub === claims.client_id ? null : claims.sub
  let user: Promise<Profile | null> | undefined
  return {
    userId,
    clientId: claims.client_id,
    scopes,
    sessionId: claims.sid ?? null,
    tokenId: claims.jti,
    can: (scope) => covers(scopes, scope),
    user: () => (user ??= userId === null ? Promise.resolve(null) : trust.user(claims, token))
  }
}

function isAllowed ({ can }: Auth, { scopes = [], anyScope }: GuardOptions): boolean {
  return scopes.every(can) && (anyScope === undefined || anyScope.some(can))
}

/** RFC 6750 section 2.1; the scheme is case-insensitive. */
function bearer (authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1]
}

/** What OpenAPI says of a route follows from its guard. */
function describeSecurity (route: RouteOptions): void {
  const hooks = [route.onRequest ?? []].flat()
  const wanted = hooks.map((hook) => guards.get(hook)).find(Boolean)
  if (!wanted) return
  route.schema = { ...route.schema, security: [{ bearer: wanted.scopes ?? wanted.anyScope ?? [] }] }
}

export default fp(authGuard, { name: 'latchkey-auth-guard', fastify: '5.x' })

declare module 'fastify' {
  interface FastifyInstance {
    authGuard: AuthGuard
  }
  interface FastifyRequest {
    /** Set by `authGuard`; null on routes without it. */
    auth: Auth | null
  }
}
