import type { FastifyReply } from 'fastify'

/** Parameters of `WWW-Authenticate: Bearer` (RFC 6750 section 3). */
export type Challenge = { error?: 'invalid_token' | 'insufficient_scope', error_description?: string, scope?: string, resource_metadata?: string }

const RETRY_AFTER = 2

/** 401; without an error code when no token was sent (RFC 6750 section 3.1). */
export function unauthorized (reply: FastifyReply, details: Challenge): Error {
  reply.header('www-authenticate', challenge(details))
  return failure(401, 'LK_UNAUTHENTICATED', details.error_description ?? 'Send an access token: Authorization: Bearer …')
}

/** 403 that names what is missing. */
export function forbidden (reply: FastifyReply, needed: string[], about: Challenge): Error {
  const scope = needed.join(' ')
  reply.header('www-authenticate', challenge({ error: 'insufficient_scope', error_description: 'The access token lacks a scope', scope, ...about }))
  return failure(403, 'LK_INSUFFICIENT_SCOPE', `The access token lacks a scope: ${scope}`)
}

/** 403: the token is good, and of an application of somebody else. */
export function firstPartyOnly (): Error {
  return failure(403, 'LK_FIRST_PARTY_ONLY', 'This needs the access token of a first-party application')
}

/** 401 for a guest whom a login page does not help. */
export function loginNeeded (reply: FastifyReply): Error {
  reply.header('www-authenticate', 'Session realm="latchkey"')
  return failure(401, 'LK_UNAUTHENTICATED', 'Log in first')
}

/** 415: a form of another site could be sent without asking first. */
export function jsonOnly (): Error {
  return failure(415, 'LK_JSON_ONLY', 'Send the body as application/json')
}

/** 503: what is revoked is not known for certain at the moment. */
export function stale (reply: FastifyReply): Error {
  reply.header('retry-after', RETRY_AFTER)
  return failure(503, 'LK_STALE', 'Revocations cannot be checked at the moment, try again')
}

export function challenge (details: Challenge): string {
  const parameters = Object.entries(details).map(([name, value]) => `${name}="${value}"`)
  return ['Bearer realm="latchkey"', ...parameters].join(', ')
}

function failure (statusCode: number, code: string, message: string): Error {
  return Object.assign(new Error(message), { statusCode, code })
}
