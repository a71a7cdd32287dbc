import type { FastifyReply } from 'fastify'
import { RequestError, RETRY_AFTER } from '../src/request-error.ts'

/** Parameters of `WWW-Authenticate: Bearer` (RFC 6750 section 3). */
export type Challenge = { error?: 'invalid_token' | 'insufficient_scope', error_description?: string, scope?: string, resource_metadata?: string }

/** 401; without an error code when no token was sent (RFC 6750 section 3.1). */
export function unauthorized (reply: FastifyReply, details: Challenge): RequestError {
  return challenged(reply, 401, 'LK_UNAUTHENTICATED', details.error_description ?? 'Send an access token: Authorization: Bearer …', challenge(details))
}

/** 403 that names what is missing. */
export function forbidden (reply: FastifyReply, needed: string[], about: Challenge): RequestError {
  const scope = needed.join(' ')
  const details = challenge({ error: 'insufficient_scope', error_description: 'The access token lacks a scope', scope, ...about })
  return challenged(reply, 403, 'LK_INSUFFICIENT_SCOPE', `The access token lacks a scope: ${scope}`, details)
}

/** 403: the token is good, and of an application of somebody else. */
export function firstPartyOnly (): RequestError {
  return new RequestError(403, 'LK_FIRST_PARTY_ONLY', 'This needs the access token of a first-party application')
}

/** 401 for a guest whom a login page does not help. */
export function loginNeeded (reply: FastifyReply): RequestError {
  return challenged(reply, 401, 'LK_UNAUTHENTICATED', 'Log in first', 'Session realm="latchkey"')
}

/** 415: a form of another site could be sent without asking first. */
export function jsonOnly (): RequestError {
  return new RequestError(415, 'LK_JSON_ONLY', 'Send the body as application/json')
}

/** 503: what is revoked is not known for certain at the moment. */
export function stale (reply: FastifyReply): RequestError {
  return withHeaders(reply, new RequestError(503, 'LK_STALE', 'Revocations cannot be checked at the moment, try again', { retryAfter: RETRY_AFTER }))
}

export function challenge (details: Challenge): string {
  const parameters = Object.entries(details).map(([name, value]) => `${name}="${value}"`)
  return ['Bearer realm="latchkey"', ...parameters].join(', ')
}

function challenged (reply: FastifyReply, statusCode: number, code: string, message: string, value: string): RequestError {
  return withHeaders(reply, new RequestError(statusCode, code, message, { headers: { 'www-authenticate': value } }))
}

/** Sets the headers of an error on the reply, too: the error handler of a host need not know of them. */
function withHeaders (reply: FastifyReply, error: RequestError): RequestError {
  reply.headers(error.headers)
  return error
}
