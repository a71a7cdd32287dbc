import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Auth } from './auth.ts'
import { isOurs } from '../http/keep-out-host.ts'
import type { AnyRequest } from './types.ts'

/** What one guard has found: null for a guest, and for a request that it refused. */
type Found = { by: object, who: Auth | null, before: Found | undefined }

const FOUND = Symbol('latchkey auth')
type Guarded = AnyRequest & { [FOUND]?: Found | undefined }

export function decorateRequests (host: FastifyInstance): void {
  host.decorateRequest(FOUND, undefined)
  host.decorateRequest('auth', { getter (this: FastifyRequest) { return required(this) as Auth } })
}

/**
 * Records a guard on the request. The principal is null until the guard has decided and stays null when it refuses, because hooks that run
 * after a refusal may read it.
 */
export function note (request: Guarded, by: object): { who: Auth | null } {
  const found: Found = { by, who: null, before: request[FOUND] }
  request[FOUND] = found
  return found
}

/**
 * The principal of a request, null where no guard has accepted it. It never throws, unlike `request.auth` on routes without a guard, and is
 * meant for hooks and error handlers of a whole app. Of several guards one that has found a token goes before one that has found a browser
 * session, whose scopes are not limited: a cookie must not widen what a token allows.
 */
export function authOf (request: AnyRequest): Auth | null {
  let browser: Auth | null = null
  for (let found = (request as Guarded)[FOUND]; found; found = found.before) {
    if (found.who && found.who.kind !== 'browser') return found.who
    browser ??= found.who
  }
  return browser
}

/** @throws Error on a route without that guard */
export function foundBy (guard: object, request: FastifyRequest): Auth | null {
  let found = (request as Guarded)[FOUND]
  while (found && found.by !== guard) found = found.before
  if (found) return found.who
  throw new Error(`guard.auth(request) was called at ${placeOf(request)}, a route without that guard: add { onRequest: guard }`)
}

/** A host cannot add a guard to our routes, or to paths without a route: there it may be null. @throws Error on other unguarded routes */
function required (request: FastifyRequest): Auth | null {
  if ((request as Guarded)[FOUND] || isOurs(request.server) || request.routeOptions.url === undefined) return authOf(request)
  throw new Error(
    `request.auth was read at ${placeOf(request)}, where no guard stands before: add { onRequest: app.authGuard('api') }, with { optional: true } for a route that serves guests, too; hooks of the whole app call authOf(request)`
  )
}

function placeOf ({ method, url, routeOptions }: FastifyRequest): string {
  return `${method} ${routeOptions.url ?? url.split('?')[0]}`
}
