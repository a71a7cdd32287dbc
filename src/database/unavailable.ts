import { HttpError } from '../http/http-error.ts'

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENOENT', 'EACCES'])
// SQLSTATE: connection exceptions, deadlocks and serialization failures, out of connections, shutting down, starting up; a statement
// timeout; a database that is read-only after a failover
const SQLSTATES = '08...|40001|40P01|53300|57P0[123]|57014|25006'
const STATES = new RegExp(`^(${SQLSTATES})$`)
// An invalid certificate, or no TLS at all: codes of Node and our own
const TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|LK_NO_TLS)/
// Prisma: unreachable, timed out, closed, pool timeout
const PRISMA = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037'])
// … and P2039, which has the SQLSTATE only in its message
const STATE_IN_TEXT = new RegExp(`Database error\\. Code: \`(${SQLSTATES})\``)
const MESSAGES =
  /Can't reach database server|Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end/

/** The database is temporarily unavailable: 503 with `Retry-After`. The database's error is the `cause`, for the log. */
export class DatabaseUnavailable extends HttpError {
  constructor (cause: unknown) {
    super('LK_DATABASE_UNAVAILABLE', { cause })
  }
}

/** Converts an error for the response: a driver's error has no status, and may name addresses. Errors of ours are returned unchanged. */
export function asRefusal (error: unknown): unknown {
  const isOurs = isErrorLike(error) && typeof error.code === 'string' && error.code.startsWith('LK_')
  return !isOurs && isDatabaseUnavailable(error) ? new DatabaseUnavailable(error) : error
}

/** For `.catch(asRejection)` on a promise. */
export function asRejection (error: unknown): never {
  throw asRefusal(error)
}

/** Whether an error says that the database is temporarily unavailable, rather than that a statement was wrong. */
export function isDatabaseUnavailable (error: unknown): boolean {
  for (let current = error, depth = 0; isErrorLike(current) && depth < 5; current = current.cause, depth++) {
    const code = typeof current.code === 'string' ? current.code : ''
    if (NETWORK.has(code) || STATES.test(code) || TLS.test(code) || PRISMA.has(code)) return true
    if (MESSAGES.test(current.message ?? '') || STATE_IN_TEXT.test(current.message ?? '')) return true
    if (Array.isArray(current.errors) && current.errors.some(isDatabaseUnavailable)) return true
    if (typeof current.originalCode === 'string' && STATES.test(current.originalCode)) return true
  }
  return false
}

type ErrorLike = { code?: unknown, message?: string, cause?: unknown, originalCode?: unknown, errors?: unknown }

function isErrorLike (value: unknown): value is ErrorLike {
  return typeof value === 'object' && value !== null
}
