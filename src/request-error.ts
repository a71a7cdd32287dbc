/** Seconds, where something is away for a moment: our database, the issuer, a turn of the event loop. */
export const RETRY_AFTER = 2

export type Details = {
  /** Seconds after which it is worth another try: sent as `Retry-After`. */
  retryAfter?: number
  /** What else the response must say, such as `WWW-Authenticate`. */
  headers?: Record<string, string>
  /** What is wrong with each field. */
  errors?: Record<string, string[]>
  cause?: unknown
}

/**
 * Why a request cannot be answered. What Fastify's own error handler sends stands in it, and so does what the handler of a host may use:
 * `statusCode`, a `code` for programs, a message that may be shown, and `headers` such as `Retry-After` (RFC 9110 section 10.2.3).
 * @example
 * app.setErrorHandler((error, request, reply) => {
 *   if (error instanceof RequestError) return reply.code(error.statusCode).headers(error.headers).view('sorry', { message: error.message })
 *   …
 * })
 */
export class RequestError extends Error {
  readonly headers: Record<string, string>
  readonly retryAfter: number | undefined
  readonly errors: Record<string, string[]> | undefined
  constructor (readonly statusCode: number, readonly code: string, message: string, { retryAfter, headers, errors, cause }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.retryAfter = retryAfter
    this.errors = errors
    this.headers = { ...headers, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) }
  }
}
