/** Wire codes of RFC 6749 section 5.2 and 4.1.2.1. */
export type OAuthErrorCode =
  | 'invalid_request' | 'invalid_client' | 'invalid_grant' | 'unauthorized_client'
  | 'unsupported_grant_type' | 'invalid_scope' | 'server_error' | 'temporarily_unavailable'

type Details = {
  /** For the log; never in a response. */
  reason?: string
  cause?: unknown
  headers?: Record<string, string>
}

/** A refusal of the protocol. `description` is public; `reason` and `cause` go to the log only. */
export class OAuthError extends Error {
  readonly reason: string | undefined
  readonly headers: Record<string, string>
  constructor (readonly error: OAuthErrorCode, readonly description: string, readonly statusCode: number, { reason, cause, headers = {} }: Details = {}) {
    super(description, { cause })
    this.name = 'OAuthError'
    this.reason = reason
    this.headers = headers
  }
}

const factory = (error: OAuthErrorCode, statusCode = 400) =>
  (description: string, details?: Details) => new OAuthError(error, description, statusCode, details)

export const invalidRequest = factory('invalid_request')
export const invalidClient = factory('invalid_client', 401)
export const invalidGrant = factory('invalid_grant')
export const unauthorizedClient = factory('unauthorized_client')
export const unsupportedGrantType = factory('unsupported_grant_type')
export const invalidScope = factory('invalid_scope')
