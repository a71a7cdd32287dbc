import { RequestError, RETRY_AFTER } from '../../src/request-error.ts'

/** Errors of the proxy routes, in Fastify's form: the caller is no OAuth client. */
export function invalidCredentials (cause: unknown): RequestError {
  return new RequestError(401, 'LK_INVALID_CREDENTIALS', 'Invalid credentials.', { cause })
}

export function invalidRefreshToken (cause: unknown): RequestError {
  return new RequestError(401, 'LK_INVALID_REFRESH_TOKEN', 'The refresh token is invalid.', { cause })
}

export function noSuchProxy (slug: string): RequestError {
  return new RequestError(404, 'LK_NO_SUCH_CLIENT', `There is no client ${JSON.stringify(slug.slice(0, 64))} with proxy routes`)
}

export function badScope (message: string): RequestError {
  return new RequestError(422, 'LK_VALIDATION', 'The request is not valid', { errors: { scope: [message] } })
}

export function invalidFields (errors: Record<string, string[]>): RequestError {
  return new RequestError(422, 'LK_VALIDATION', 'The request is not valid', { errors })
}

/** Not the caller's fault: the client behind the route may not do this. */
export function misconfigured (cause: unknown): RequestError {
  return new RequestError(500, 'LK_MISCONFIGURED', 'The client behind this route is misconfigured', { cause })
}

/** The issuer elsewhere is away, or busy. */
export function unavailable (cause: unknown): RequestError {
  return new RequestError(503, 'LK_ISSUER_UNAVAILABLE', 'The login server cannot be reached, try again in a moment', { cause, retryAfter: RETRY_AFTER })
}

export function throttled (cause: { retryAfter: number | undefined }): RequestError {
  return new RequestError(429, 'LK_TOO_MANY_REQUESTS', 'Too many requests, try again in a moment', { cause, retryAfter: cause.retryAfter ?? 60 })
}
