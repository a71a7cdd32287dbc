import { HttpError } from '../../http/http-error.ts'
import type { ResponseMode } from './request.ts'

/** RFC 6749 section 4.1.2.1 and OpenID Connect Core section 3.1.2.6. */
export type AuthorizationErrorCode =
  | 'invalid_request' | 'unauthorized_client' | 'access_denied' | 'unsupported_response_type' | 'invalid_scope' | 'server_error'
  | 'login_required' | 'consent_required' | 'interaction_required' | 'request_not_supported' | 'request_uri_not_supported'
  | 'registration_not_supported' | 'invalid_target'
  // OpenID Connect Core Unmet Authentication Requirements 1.0
  | 'unmet_authentication_requirements'

/** Where an answer goes. `trusted`: the operator registered the client, rather than a user of the server. */
export type Destination = { redirectUri: string, state: string | undefined, responseMode: ResponseMode, trusted: boolean }

/** An error that may be reported to the client: it is sent to its redirect URI. */
export class AuthorizationError extends Error {
  constructor (readonly error: AuthorizationErrorCode, readonly description: string, readonly destination: Destination) {
    super(description)
    this.name = 'AuthorizationError'
  }
}

/** An error shown by this server only, because the client or its redirect URI cannot be trusted (RFC 9700 section 4.11.2). */
export class UntrustedRequest extends HttpError {
  constructor (message: string) {
    super('LK_UNTRUSTED_REQUEST', { message })
  }
}
