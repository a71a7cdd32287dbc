import { parse } from 'node:querystring'
import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { HelmetOptions } from 'helmet'
import type { Config } from '../../src/config/config.ts'
import { formParser } from '../../src/http/form.ts'
import { parseJson } from '../../src/http/json.ts'
import { compileSerializer, compileValidator } from './compilers.ts'
import { allowOrigins } from './cors.ts'
import { errorHandler, type Raw } from './errors.ts'
import { applyLimits } from './limits.ts'
import { describeRoutes } from '../operations/openapi/own-routes.ts'
import { keepOutHost } from './keep-out-host.ts'
import { serializers } from './request-log.ts'
import { securityHeaders } from './security-headers.ts'

type ScopeConfig = Pick<Config, 'appUrl' | 'corsOrigins' | 'rateLimit' | 'hostDocument'>

/** For scopes that are not part of the API. */
export type ScopeOptions = {
  onError?: (error: Raw, request: FastifyRequest, reply: FastifyReply) => unknown
  parsers?: (scope: FastifyInstance) => void
  headers?: HelmetOptions
}

const BODY_LIMIT = 64 * 1024
// RFC 8707 section 2: `resource` may be repeated
const parseForm = formParser('resource')

/** Options with which our scopes are registered: their serializers keep queries and headers out of the logs of a host. */
export function under (prefix: string): { prefix: string } {
  // The types of Fastify expect serializers to return strings
  return Object.assign({ prefix }, { logSerializers: serializers })
}

/**
 * Isolates a child scope from its host: nothing that the host sets for its whole app (parsers, validation, serializers, hooks, cookies,
 * limits) applies in the scope, and nothing in the scope applies to the host.
 */
export function closedScope (
  scope: FastifyInstance,
  config: ScopeConfig,
  { onError = errorHandler, parsers = bodyParsers, headers }: ScopeOptions = {}
): void {
  keepOutHost(scope)
  describeRoutes(scope, config)
  scope.setErrorHandler(onError)
  scope.setValidatorCompiler(compileValidator)
  scope.setSerializerCompiler(compileSerializer)
  scope.setSchemaErrorFormatter(([first], where) => new Error(`${where}${first?.instancePath ?? ''} ${first?.message ?? 'is invalid'}`))
  scope.addHook('onRequest', readQuery)
  parsers(scope)
  scope.addHook('onRequest', securityHeaders(config.appUrl, headers))
  if (config.corsOrigins.length > 0) allowOrigins(scope, config.corsOrigins)
  if (config.rateLimit === 'on') applyLimits(scope)
}

/** Parses the query without the host's own parser: numbers stay strings, names are unchanged, repeated parameters become an array. */
const readQuery: onRequestHookHandler = (request, _reply, done) => {
  const { url = '' } = request.raw
  const start = url.indexOf('?')
  // No limit: routes that need one count the parameters themselves
  if (start >= 0) request.query = parse(url.slice(start + 1), '&', '=', { maxKeys: 0 })
  done()
}

/** Parses JSON and form bodies strictly: UTF-8, no NUL, no duplicate member, no prototype keys. Applies to this scope only. */
function bodyParsers (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
    try {
      done(null, parseJson(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
  scope.register(formbody, { bodyLimit: BODY_LIMIT, parser: parseForm })
}

/** Form bodies only, the type that pages send. */
export function formParsers (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.register(formbody, { bodyLimit: BODY_LIMIT, parser: parseForm })
}
