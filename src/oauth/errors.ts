import { MISSING_ERRORS, type Missing, type MissingCode } from '../users/missing.ts'

/**
 * Error codes of RFC 6749 sections 5.2 and 4.1.2.1, RFC 8628 section 3.5, RFC 8707 section 2, and of OAuth 2.0 for First-Party
 * Applications.
 */
export type OAuthErrorCode =
  | 'invalid_request' | 'invalid_client' | 'invalid_grant' | 'unauthorized_client'
  | 'unsupported_grant_type' | 'invalid_scope' | 'server_error' | 'temporarily_unavailable'
  | 'insufficient_authorization' | 'invalid_session' | 'authorization_pending' | 'slow_down' | 'access_denied' | 'expired_token' | 'invalid_target'

type Details = {
  /** Logged, never part of a response. */
  reason?: string
  cause?: unknown
  headers?: Record<string, string>
}

/** An OAuth error response. `description` is public; `reason` and `cause` are only logged. */
export class OAuthError extends Error {
  readonly description: string
  readonly reason: string | undefined
  readonly headers: Record<string, string>
  constructor (
    readonly error: OAuthErrorCode,
    description: string,
    readonly statusCode: number,
    { reason, cause, headers = {} }: Details = {}
  ) {
    super(description, { cause })
    this.name = 'OAuthError'
    this.description = wireText(description)
    this.reason = reason
    this.headers = headers
  }
}

/**
 * The password was right, but something else is missing. An `auth_session` is answered beside the error, with which the login can go on
 * (OAuth 2.0 for First-Party Applications).
 */
export class LoginIncomplete extends OAuthError {
  /** What is missing, as the other routes name it. */
  readonly code: MissingCode
  /** @param factors with which the login can go on, where a second factor is missing */
  constructor (readonly authSession: string, missing: Missing, readonly factors?: readonly string[]) {
    const isFactor = missing === 'second_factor' || missing === 'factor_enrolment'
    const [error, status] = isFactor ? ['insufficient_authorization' as const, 403] : ['invalid_grant' as const, 400]
    super(error, MISSING_ERRORS[missing].description, status)
    this.code = MISSING_ERRORS[missing].code
  }
}

/** Replaces what `error_description` may not contain (RFC 6749 section 5.2): it is printable ASCII without quotes and backslashes. */
export function wireText (text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x5B\x5D-\x7E]/g, '?')
}

const factory = (error: OAuthErrorCode, statusCode = 400) =>
  (description: string, details?: Details) => new OAuthError(error, description, statusCode, details)

export const invalidRequest = factory('invalid_request')
export const invalidClient = factory('invalid_client', 401)
export const invalidGrant = factory('invalid_grant')
export const unauthorizedClient = factory('unauthorized_client')
export const unsupportedGrantType = factory('unsupported_grant_type')
export const invalidScope = factory('invalid_scope')
/** RFC 8707 section 2 */
export const invalidTarget = factory('invalid_target')
export const authorizationPending = factory('authorization_pending')
export const slowDown = factory('slow_down')
/** OAuth 2.0 for First-Party Applications: the login must begin again. */
export const invalidSession = factory('invalid_session')
export const accessDenied = factory('access_denied')
export const expiredToken = factory('expired_token')
