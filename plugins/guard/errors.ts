import { RECENT } from '../../src/account/owner.ts'
import type { FastifyReply } from 'fastify'
import type { Demand } from './demand.ts'
import { HttpError, type ErrorCode } from '../../src/http/http-error.ts'
import type { Trust } from './types.ts'

/** Parameters of `WWW-Authenticate: Bearer` (RFC 6750 section 3). */
export type Challenge = {
  error?: 'invalid_token' | 'insufficient_scope' | 'insufficient_user_authentication', error_description?: string, scope?: string,
  acr_values?: string,
  max_age?: number,
  resource_metadata?: string
}

/** 401; without an error code when no token was sent (RFC 6750 section 3.1). */
export function unauthorized (reply: FastifyReply, details: Challenge): HttpError {
  return challenged(reply, 'LK_UNAUTHENTICATED', details.error_description, challenge(details))
}

/** 403 that names the missing scopes. */
export function forbidden (reply: FastifyReply, needed: string[], about: Challenge): HttpError {
  const scope = needed.join(' ')
  const details = challenge({ error: 'insufficient_scope', error_description: 'The access token lacks a scope', scope, ...about })
  return challenged(reply, 'LK_INSUFFICIENT_SCOPE', `The access token lacks a scope: ${scope}`, details)
}

/** 401: the user must log in again (RFC 9470 section 3). */
export function loginTooOld (reply: FastifyReply): HttpError {
  const message = 'This needs a login of the last 10 minutes'
  return challenged(
    reply, 'LK_LOGIN_TOO_OLD', message,
    challenge({ error: 'insufficient_user_authentication', error_description: message, max_age: RECENT })
  )
}

/** 401: the login behind the token is too weak or too old (RFC 9470 section 3). */
export function loginInsufficient (reply: FastifyReply, { acr, maxAge }: Demand, about: Challenge = {}): HttpError {
  const message = 'A different level of authentication is needed'
  return challenged(reply, 'LK_INSUFFICIENT_USER_AUTHENTICATION', message, challenge({
    error: 'insufficient_user_authentication',
    error_description: message,
    ...(acr !== undefined && { acr_values: acr }),
    ...(maxAge !== undefined && { max_age: maxAge }),
    ...about
  }))
}

/** 403: the token is valid, but its application is not a first-party client. */
export function firstPartyOnly (): HttpError {
  return new HttpError('LK_FIRST_PARTY_ONLY')
}

/** 401 for a request that cannot be redirected to a login page. */
export function loginNeeded (reply: FastifyReply): HttpError {
  return challenged(reply, 'LK_UNAUTHENTICATED', 'Log in first', 'Session realm="latchkey"')
}

/** 415: a page of another site can submit a form without a CORS preflight. */
export function jsonOnly (): HttpError {
  return new HttpError('LK_JSON_ONLY')
}

/** Fails closed when the revocation list is stale, before looking at the token. @throws 503 */
export function refuseStale ({ age, maxStaleness, onStale }: Trust, reply: FastifyReply): void {
  // Written so that NaN is not fresh
  const isFresh = age() <= maxStaleness
  if (!isFresh && onStale === 'refuse') throw withHeaders(reply, new HttpError('LK_STALE'))
}

export function challenge (details: Challenge): string {
  const parameters = Object.entries(details).map(([name, value]) => `${name}="${value}"`)
  return ['Bearer realm="latchkey"', ...parameters].join(', ')
}

function challenged (reply: FastifyReply, code: ErrorCode, message: string | undefined, header: string): HttpError {
  return withHeaders(reply, new HttpError(code, { ...(message !== undefined && { message }), headers: { 'www-authenticate': header } }))
}

/** Sets the headers of an error on the reply as well, because the error handler of a host may ignore them. */
function withHeaders (reply: FastifyReply, error: HttpError): HttpError {
  reply.headers(error.headers)
  return error
}
