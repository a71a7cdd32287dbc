import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Auth } from './auth.ts'
import { isOurs } from '../http/keep-out-host.ts'

/** What one guard has found on a request: null for a guest, and where it refused. */
type Found = { by: object, who: Auth | null, before: Found | undefined }

const FOUND = Symbol('latchkey auth')
type Guarded = FastifyRequest & { [FOUND]?: Found | undefined }

export function decorateRequests (host: FastifyInstance): void {
  host.decorateRequest(FOUND, undefined)
  host.decorateRequest('auth', { getter (this: FastifyRequest) { return required(this) as Auth } })
}

/** Whom a guard lets in; before it has decided, and where it refuses, null: hooks that run after a refusal may ask, too. */
export function note (request: Guarded, by: object): { who: Auth | null } {
  const found: Found = { by, who: null, before: request[FOUND] }
  request[FOUND] = found
  return found
}

/**
 * Who a request comes from, null where no guard has let anybody in. It never throws, as `request.auth` does on routes without a guard: for
 * hooks and error handlers of a whole app. Of several guards the first that has found somebody counts.
 */
export function authOf (request: FastifyRequest): Auth | null {
  let first: Auth | null = null
  for (let found = (request as Guarded)[FOUND]; found; found = found.before) first = found.who ?? first
  return first
}

/** @throws Error where that guard does not stand */
export function foundBy (guard: object, request: FastifyRequest): Auth | null {
  let found = (request as Guarded)[FOUND]
  while (found && found.by !== guard) found = found.before
  if (found) return found.who
  throw new Error(`guard.auth(request) was called at ${placeOf(request)}, where that guard does not stand: add { onRequest: guard }`)
}

/** Our own routes, and paths that have none, cannot be given a guard by a host. @throws Error on others without one */
function required (request: FastifyRequest): Auth | null {
  if ((request as Guarded)[FOUND] || isOurs(request.server) || request.routeOptions.url === undefined) return authOf(request)
  throw new Error(
    `request.auth was read at ${placeOf(request)}, where no guard stands before: add { onRequest: app.authGuard('api') }, with { optional: true } for a route that serves guests, too; hooks of the whole app call authOf(request)`
  )
}

function placeOf ({ method, url, routeOptions }: FastifyRequest): string {
  return `${method} ${routeOptions.url ?? url.split('?')[0]}`
}
