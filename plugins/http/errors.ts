import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { asRefusal } from '../../src/database/unavailable.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { unprocessable } from './unprocessable.ts'
import { ERRORS, HttpError } from '../../src/http/http-error.ts'
import { LoginIncomplete, OAuthError, wireText, type OAuthErrorCode } from '../../src/oauth/errors.ts'

export type Failure = {
  statusCode: number
  code: string
  error: string
  message: string
  errors?: Record<string, string[]>
  retryAfter?: number
}

export type Raw = Error & Partial<Pick<FastifyError, 'statusCode' | 'code' | 'validation'>> & {
  errors?: Record<string, string[]>,
  retryAfter?: number | undefined
}

const FOREIGN = new Set(['LK_FOREIGN_ORIGIN', 'LK_FORGED_FORM'])
const NAMES: Record<number, string> = {
  400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 406: 'Not Acceptable', 409: 'Conflict',
  413: 'Payload Too Large', 415: 'Unsupported Media Type', 422: 'Unprocessable Entity', 429: 'Too Many Requests',
  500: 'Internal Server Error', 503: 'Service Unavailable'
}

/** Writes all error bodies outside the pages: RFC 6749 section 5.2 on routes that set `config.oauth`, Fastify's form on others. */
export function errorHandler (error: Raw, request: FastifyRequest, reply: FastifyReply): void {
  const oauth = request.routeOptions.config.oauth === true
  const failure = failureOf(error, request)
  if (error instanceof OAuthError) reply.headers(error.headers)
  if (failure.retryAfter !== undefined) reply.header('retry-after', failure.retryAfter)
  reply.code(failure.statusCode).header('cache-control', 'no-store')
  if (oauth) reply.header('pragma', 'no-cache').send(oauthBody(error, failure))
  else {
    reply.send({
      statusCode: failure.statusCode, code: failure.code, error: failure.error, message: failure.message,
      ...(failure.errors && { errors: failure.errors }),
      ...(error instanceof HttpError && error.authSession !== undefined && { auth_session: error.authSession }),
      ...(error instanceof HttpError && error.factors && { factors: error.factors })
    })
  }
}

/** The part of an error that the caller may see. The rest is logged, with the `reference` that was shown to the user. */
export function failureOf (error: Raw, request: FastifyRequest, reference?: string): Failure {
  const failure = error instanceof OAuthError ? fromOAuth(error) : describe(error, request.routeOptions.config.oauth === true)
  log(error, failure, request, reference)
  return failure
}

function describe (error: Raw, oauth: boolean): Failure {
  if (error.validation) return fromValidation(unprocessable(fieldErrors(error.validation)), oauth)
  const { statusCode: status = 500, code, message, errors, retryAfter } = asRefusal(error) as Raw
  // Messages of other errors may hold internals and are not shown
  if (status >= 500 && !code?.startsWith('LK_')) return named(500, 'LK_INTERNAL', ERRORS.LK_INTERNAL.message)
  return named(status, code ?? `LK_${status}`, message, { ...(errors && { errors }), ...(retryAfter !== undefined && { retryAfter }) })
}

function named (statusCode: number, code: string, message: string, more: Pick<Failure, 'errors' | 'retryAfter'> = {}): Failure {
  return { statusCode, code, error: NAMES[statusCode] ?? 'Error', message, ...more }
}

function fromOAuth (error: OAuthError): Failure {
  return named(error.statusCode, error.error, error.description)
}

/** 422 with messages per field; on OAuth routes 400 with a single message (RFC 6749 section 5.2). */
function fromValidation ({ statusCode, code, message, errors = {} }: HttpError, oauth: boolean): Failure {
  if (!oauth) return named(statusCode, code, message, { errors })
  const [field, messages] = Object.entries(errors)[0] ?? []
  return named(400, code, `${field} ${messages?.[0]}`)
}

function fieldErrors (validation: NonNullable<Raw['validation']>): FieldErrors {
  const errors: FieldErrors = {}
  for (const { instancePath, params, keyword, message = 'is invalid' } of validation) {
    const parent = instancePath.split('/').slice(1)
    const missing = params['requiredProperties']
    const fields = Array.isArray(missing) ? missing.map((name) => [...parent, name].join('.')) : [parent.join('.') || 'body']
    const isEmpty = keyword === 'minLength' && params['limit'] === 1
    for (const field of fields) (errors[field] ??= []).push(missing ? 'required' : isEmpty ? 'empty' : { code: 'invalid', message })
  }
  return errors
}

function oauthBody (error: Raw, failure: Failure) {
  if (error instanceof LoginIncomplete) {
    const { error: name, description, code, authSession, factors } = error
    return { error: name, error_description: description, code, auth_session: authSession, ...(factors && { factors }) }
  }
  if (error instanceof OAuthError) return { error: error.error, error_description: error.description }
  return { error: oauthCode(failure.statusCode), error_description: wireText(failure.message) }
}

function oauthCode (status: number): OAuthErrorCode {
  if (status === 503 || status === 429) return 'temporarily_unavailable'
  return status >= 500 ? 'server_error' : 'invalid_request'
}

function log (error: Raw, { statusCode }: Failure, request: FastifyRequest, reference?: string): void {
  const refusal = error instanceof OAuthError ? error : error.cause
  if (statusCode >= 500) request.log.error({ err: error, ...(reference !== undefined && { reference }) }, 'Request failed')
  else if (refusal instanceof OAuthError) request.log.info({ error: refusal.error, reason: refusal.reason ?? refusal.description }, 'Refused')
  // Logged as info, since a wrong APP_URL has this symptom
  else request.log[FOREIGN.has(error.code ?? '') ? 'info' : 'debug']({ code: error.code, reason: error.message }, 'Refused')
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Errors of this route have the form of RFC 6749 section 5.2. */
    oauth?: boolean
  }
}
