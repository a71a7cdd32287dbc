import { MAX_SLUG } from '../../src/clients/slug.ts'
import { unprocessable } from '../http/unprocessable.ts'
import { isMissingCode } from '../../src/users/missing.ts'
import { HttpError } from '../../src/http/http-error.ts'

/** Errors of the proxy routes, in Fastify's form: the caller is not an OAuth client. */
export function invalidCredentials (cause: unknown): HttpError {
  return new HttpError('LK_INVALID_CREDENTIALS', { cause })
}

/** The password was right, but something else is missing. */
export function incomplete (
  { code, authSession, factors }: { code: string | undefined, authSession: string, factors?: readonly string[] | undefined }, cause: unknown
): HttpError {
  return new HttpError(isMissingCode(code) ? code : 'LK_EMAIL_NOT_VERIFIED', { authSession, factors, cause })
}

/** The login must begin again. */
export function invalidAuthSession (cause: unknown): HttpError {
  return new HttpError('LK_INVALID_TOKEN', { cause })
}

export function invalidRefreshToken (cause: unknown): HttpError {
  return new HttpError('LK_INVALID_REFRESH_TOKEN', { cause })
}

export function noSuchProxy (slug: string): HttpError {
  return new HttpError('LK_NO_SUCH_CLIENT', { message: `There is no client ${JSON.stringify(slug.slice(0, MAX_SLUG))} with proxy routes` })
}

export function badScope (message: string): HttpError {
  return unprocessable({ scope: [{ code: 'invalid', message }] })
}

/** 500, since the caller cannot mend it: the client behind the route lacks a permission. */
export function misconfigured (cause: unknown): HttpError {
  return new HttpError('LK_MISCONFIGURED', { cause })
}

/** 503: the remote issuer cannot be reached, or is busy. */
export function unavailable (cause: unknown): HttpError {
  return new HttpError('LK_ISSUER_UNAVAILABLE', { message: 'The login server cannot be reached, try again in a moment', cause })
}

export function throttled (cause: { retryAfter: number | undefined }): HttpError {
  return new HttpError('LK_TOO_MANY_REQUESTS', { cause, retryAfter: cause.retryAfter ?? 60 })
}
