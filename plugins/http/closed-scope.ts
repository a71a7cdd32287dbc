import { parse } from 'node:querystring'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { HelmetOptions } from 'helmet'
import type { Config } from '../../src/config/config.ts'
import { bodyParsers } from './body-parsers.ts'
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
