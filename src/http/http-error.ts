/** Seconds to wait when something is briefly unavailable: the database, the issuer, the event loop. */
const SOON = 2

type Entry = { status: number, message: string, retryAfter?: number }

/** Every error outside RFC 6749 section 5.2, with its status and default message. `retryAfter` in seconds. */
export const ERRORS = {
  LK_BAD_BODY: { status: 400, message: 'The body cannot be read' },
  LK_TWO_COOKIES: {
    status: 400,
    message: 'Two cookies named refreshToken were sent, with different valid tokens: one may have been set by another site. Send refresh_token in the body'
  },
  LK_TWO_TOKENS: { status: 400, message: 'Send the token once: in the Authorization header or in the form' },
  LK_UNKNOWN_APP: { status: 400, message: 'There is no front end with the name in App-Identifier' },
  LK_UNTRUSTED_REQUEST: { status: 400, message: 'The client or its redirect URI is not known' },
  LK_UNAUTHENTICATED: { status: 401, message: 'Send an access token: Authorization: Bearer …' },
  LK_LOGIN_TOO_OLD: { status: 401, message: 'This needs a login of the last 10 minutes' },
  LK_INSUFFICIENT_USER_AUTHENTICATION: { status: 401, message: 'A different level of authentication is needed' },
  LK_INVALID_CREDENTIALS: { status: 401, message: 'Invalid credentials.' },
  LK_INVALID_REFRESH_TOKEN: { status: 401, message: 'The refresh token is invalid.' },
  LK_NO_REFRESH_TOKEN: { status: 401, message: 'Send refresh_token in the body, or the cookie refreshToken' },
  LK_INSUFFICIENT_SCOPE: { status: 403, message: 'The access token lacks a scope' },
  LK_INVALID_TOKEN: { status: 403, message: 'The token is invalid or has expired.' },
  LK_DELETION_SCHEDULED: { status: 403, message: 'This account will be deleted. It can be restored.' },
  LK_EMAIL_NOT_VERIFIED: { status: 403, message: 'The e-mail address is not verified.' },
  LK_INSUFFICIENT_AUTHORIZATION: { status: 403, message: 'A second factor is needed.' },
  LK_FACTOR_ENROLMENT_REQUIRED: { status: 403, message: 'A second factor must be set up.' },
  LK_INVITATION_REQUIRED: { status: 403, message: 'Registration needs an invitation.' },
  LK_FIRST_PARTY_ONLY: { status: 403, message: 'This needs the access token of a first-party application' },
  LK_FOREIGN_ORIGIN: { status: 403, message: 'This does not come from a page of this server' },
  LK_FORGED_FORM: { status: 403, message: 'This does not come from a page of this server' },
  LK_STALE_FORM: { status: 403, message: 'The form has no valid CSRF token of this browser' },
  LK_NO_COOKIE: { status: 403, message: 'The browser did not send the CSRF cookie' },
  LK_NO_ACCOUNT: { status: 403, message: 'Nobody logs in with this account of the provider, and no account is created for it.' },
  LK_PROVIDER_REQUIRED: { status: 403, message: 'People with your e-mail address log in with one provider, and add no other.' },
  LK_LOGIN_REFUSED: { status: 403, message: 'This account may not log in.' },
  LK_NO_VERIFIED_ADDRESS: { status: 403, message: 'An account needs a verified e-mail address, and the provider vouches for none.' },
  LK_REGISTRATION_INCOMPLETE: { status: 403, message: 'An account needs more than the provider says. Register first, then add the provider.' },
  LK_NOT_FOUND: { status: 404, message: 'Not found' },
  LK_NO_SUCH_CLIENT: { status: 404, message: 'There is no such client with proxy routes' },
  LK_TURNED_OFF: { status: 404, message: 'This is turned off' },
  LK_UNSUPPORTED_PROVIDER: { status: 406, message: 'The Social Auth Provider is unsupported.' },
  LK_ACCOUNT_EXISTS: { status: 409, message: 'The e-mail address has an account. Log in to it, then add the provider.' },
  LK_IDENTITY_TAKEN: { status: 409, message: 'Somebody else logs in with this account of the provider.' },
  LK_NO_FACTOR: { status: 409, message: 'There is no second factor. Add one first.' },
  LK_TOO_MANY_FACTORS: { status: 409, message: 'There are too many second factors. Remove one first.' },
  LK_LAST_WAY_IN: { status: 409, message: 'This is the last way to log in. Add another first.' },
  LK_JSON_ONLY: { status: 415, message: 'Send the body as application/json' },
  LK_VALIDATION: { status: 422, message: 'The request is not valid' },
  LK_TOO_MANY_REQUESTS: { status: 429, message: 'Too many requests, try again in a moment' },
  LK_TOO_MANY_ATTEMPTS: { status: 429, message: 'Too many attempts, try again in a moment' },
  LK_TOO_MANY_STREAMS: { status: 429, message: 'This client has too many open streams' },
  LK_INTERNAL: { status: 500, message: 'Something went wrong' },
  LK_MISCONFIGURED: { status: 500, message: 'The client behind this route is misconfigured' },
  LK_STALE: { status: 503, message: 'Revocations cannot be checked at the moment, try again', retryAfter: SOON },
  LK_OVERLOADED: { status: 503, message: 'The server is overloaded, try again in a moment', retryAfter: SOON },
  LK_DATABASE_UNAVAILABLE: { status: 503, message: 'The database cannot be reached, try again in a moment', retryAfter: SOON },
  LK_ISSUER_UNAVAILABLE: { status: 503, message: 'The issuer cannot be reached at the moment, try again', retryAfter: SOON },
  LK_PROVIDER_UNAVAILABLE: { status: 503, message: 'The provider cannot be reached at the moment, try again', retryAfter: SOON },
  LK_LOGIN_UNAVAILABLE: { status: 503, message: 'Login is not possible at the moment, try again', retryAfter: SOON },
  LK_REGISTRATION_UNAVAILABLE: { status: 503, message: 'Registration is not possible at the moment, try again', retryAfter: SOON },
  LK_DELETION_UNAVAILABLE: { status: 503, message: 'The account cannot be deleted at the moment, try again', retryAfter: SOON },
  LK_NO_PERSONAL_CLIENT: { status: 503, message: 'Personal access client not found. Please create one: `npx latchkey client --personal`' }
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof ERRORS

export type ErrorDetails = {
  /** Replaces the message of the table. */
  message?: string
  /** Seconds after which a retry is useful, sent as `Retry-After`. */
  retryAfter?: number
  /** Further response headers, such as `WWW-Authenticate`. */
  headers?: Record<string, string>
  /** Messages by field. */
  errors?: Record<string, string[]>
  /** With which the login can go on. */
  authSession?: string
  /** What it can go on with: kinds of second factors. */
  factors?: readonly string[] | undefined
  cause?: unknown
}

/**
 * Why a request cannot be answered. It has what Fastify's default error handler sends, and what a host's own handler may use: `statusCode`,
 * a `code` for programs, a message that may be shown, and `headers` such as `Retry-After` (RFC 9110 section 10.2.3). Field errors are in
 * `errors`, which our own routes send and Fastify's default handler omits.
 * @example
 * app.setErrorHandler((error, request, reply) => {
 *   if (error instanceof HttpError) return reply.code(error.statusCode).headers(error.headers).view('sorry', { message: error.message })
 *   …
 * })
 */
export class HttpError extends Error {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly retryAfter: number | undefined
  readonly errors: Record<string, string[]> | undefined
  readonly authSession: string | undefined
  readonly factors: readonly string[] | undefined
  constructor (readonly code: ErrorCode, { message, retryAfter, headers, errors, authSession, factors, cause }: ErrorDetails = {}) {
    const usual: Entry | undefined = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined
    if (!usual) throw new TypeError(`There is no error code ${JSON.stringify(code)}; the codes are ${Object.keys(ERRORS).join(', ')}`)
    super(message ?? usual.message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.statusCode = usual.status
    this.errors = errors
    this.authSession = authSession
    this.factors = factors
    this.retryAfter = retryAfter ?? usual.retryAfter
    this.headers = { ...headers, ...(this.retryAfter !== undefined && { 'retry-after': String(this.retryAfter) }) }
  }
}

/** A body, or a URL, that cannot be read: 400. */
export function badBody (message: string, cause?: unknown): HttpError {
  return new HttpError('LK_BAD_BODY', { message, cause })
}
