import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { checkOptions } from '../src/config/check-options.ts'
import { ConfigError } from '../src/config/config-error.ts'
import { guardOptions } from '../src/config/guard-options.ts'
import type { GuardOptions, RemoteGuardOptions } from '../src/config/options.ts'
import { asRejection } from '../src/database/unavailable.ts'
import { createAuth, type Auth } from './guard/auth.ts'
import { authenticateBearer, type Wanted } from './guard/bearer.ts'
import { demandOf, meets } from './guard/demand.ts'
import { loginInsufficient, refuseStale } from './guard/errors.ts'
import { guardedBy, securityOf } from './guard/guarded.ts'
import { isRemote } from './guard/is-remote.ts'
import { localTrust } from './guard/local.ts'
import { decorateRequests, foundBy, note } from './guard/request-auth.ts'
import type { AuthGuard, Find, GuardKind, Trust } from './guard/types.ts'
import { authenticateBrowser, logInAgain } from './guard/web-guard.ts'
import { isAppWide, isOurs } from './http/keep-out-host.ts'
import { alreadyRegistered } from './http/plugin-registration.ts'
import { markGuarded } from './operations/openapi/host-document.ts'
import servicesPlugin, { type ServicesOptions } from './services.ts'
import { internals } from './internals.ts'

export type { GuardOptions } from '../src/config/options.ts'
export type { AuthGuard, Guard, Guarded, GuardKind } from './guard/types.ts'

export type AuthGuardOptions = ServicesOptions | RemoteGuardOptions

/** The options that the guard of an app was created with; null in the process that has the database. */
const madeWith = new WeakMap<AuthGuard, RemoteGuardOptions | null>()

/** `onRequest: app.authGuard('api', { scopes: ['orders:read'] })` for bearer tokens (RFC 6750), `app.authGuard('web')` for browsers. */
async function authGuard (host: FastifyInstance, options: AuthGuardOptions): Promise<void> {
  const remote = isRemote(options) ? options : null
  if (host.hasDecorator('authGuard')) return useExisting(host, options, remote)
  if (remote) return decorate(host, await (await import('./guard/remote.ts')).remoteTrust(host, remote), remote)
  host.register(servicesPlugin, options as ServicesOptions)
  host.register(fp(async (app) => decorate(app, localTrust(internals(app)), null), { name: 'latchkey-guard' }))
}

function decorate (host: FastifyInstance, trust: Trust, remote: RemoteGuardOptions | null): void {
  const guard = function (this: object | undefined, kind: GuardKind, wanted: GuardOptions = {}) {
    checkGuard(kind, wanted)
    const find = kind === 'web'
      ? inBrowser(trust, wanted)
      : byToken(trust, { ...structuredClone(wanted), guard: kind, demand: demandOf(wanted) })
    const hook = guardHook(find, this !== undefined && isOurs(this))
    const asks = kind === 'web' ? { browser: [] } : { bearer: wanted.scopes ?? wanted.anyScope ?? [] }
    return guardedBy(
      Object.assign(hook, { auth: (request: FastifyRequest) => foundBy(hook, request) }),
      wanted.optional ? [asks, {}] : [asks]
    )
  } as AuthGuard
  madeWith.set(guard, remote)
  if (host.hasRequestDecorator('auth')) {
    throw new ConfigError([{
      name: 'request.auth',
      message:
        'is set by the guards, but this app has already decorated it: give that decorator another name, or register latchkey in a scope that does not have it'
    }])
  }
  decorateRequests(host)
  host.decorate('authGuard', guard)
  describeGuards(host, trust.web?.cookie ?? '')
}

/** A misspelled option would leave a route less protected than its author meant, so a mistake stops the start. @throws ConfigError */
function checkGuard (kind: unknown, wanted: unknown): asserts kind is GuardKind {
  const kinds = Object.keys(guardOptions)
  if (typeof kind !== 'string' || !kinds.includes(kind)) {
    throw new ConfigError([{
      name: 'authGuard', message: `takes ${kinds.map((name) => `'${name}'`).join(' or ')} and then options, as in onRequest: app.authGuard('api', { scopes: ['orders:read'] })`
    }])
  }
  checkOptions(`authGuard('${kind}')`, guardOptions[kind as GuardKind], wanted)
}

/** The options of the first registration apply; a second one may repeat them. @throws ConfigError when they differ */
function useExisting (host: FastifyInstance, options: AuthGuardOptions, remote: RemoteGuardOptions | null): void {
  const first = madeWith.get(host.authGuard)
  if (first === null && remote === null) host.register(servicesPlugin, options as ServicesOptions)
  else if (!first || !isDeepStrictEqual(first, remote)) {
    throw alreadyRegistered('authGuard', first ? `, for the tokens of ${first.issuer}` : ', for the tokens of this server')
  }
}

/**
 * @param ours whether we have made the guard. One that a host puts on its whole app, however it is wrapped, skips our routes: otherwise
 *   nobody could log in.
 */
function guardHook (find: Find, ours: boolean): onRequestAsyncHookHandler {
  const hook: onRequestAsyncHookHandler = async function (this: FastifyInstance | undefined, request, reply) {
    if (!ours && isAppWide(hook, this, request)) return
    const found = note(request, hook)
    const who = await find(request, reply).catch(asRejection)
    if (who === undefined) return reply
    found.who = who
  }
  return hook
}

function byToken (trust: Trust, wanted: Wanted): Find {
  return async (request, reply) => await authenticateBearer(trust, request, reply, wanted)
}

/** @throws TypeError in a service without the database */
function inBrowser (trust: Trust, { optional = false, ...wanted }: GuardOptions): Find {
  const { web } = trust
  const demand = demandOf(wanted)
  if (!web) throw new TypeError("authGuard('web') works where the pages are, not with { issuer }; use authGuard('api') here")
  return async (request, reply) => {
    if (!optional) refuseStale(trust, reply)
    const session = await authenticateBrowser(web, request, reply, optional)
    if (!session) return optional ? null : undefined
    if (optional) refuseStale(trust, reply)
    if (demand && !meets(demand, session, trust.now())) {
      if (!logInAgain(web, request, reply, { ...session, demand })) throw loginInsufficient(reply, demand)
      return undefined
    }
    return createAuth(
      {
        kind: 'browser', userId: session.userId, clientId: null, scopes: ['*'], sessionId: session.id, tokenId: null,
        authTime: session.authTime, amr: session.amr
      },
      () => web.user(session.userId).catch(asRejection)
    )
  }
}

/** Describes guarded routes in OpenAPI; a guard may be any hook that runs before the handler. */
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
    /**
     * Who the request comes from, on routes with a guard; reading it on other routes throws. With `{ optional: true }` it is null for a
     * guest: `guard.auth(request)` has the exact type.
     */
    readonly auth: Auth
  }
}
