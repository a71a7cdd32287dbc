import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import sensible from '@fastify/sensible'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HelmetOptions } from 'helmet'
import type { Config } from '../src/config.ts'
import { bodyParsers } from './body-parsers.ts'
import { compileSerializer, compileValidator } from './compilers.ts'
import { allowOrigins } from './cors.ts'
import { errorHandler, type Raw } from './errors.ts'
import { describeRoutes } from './openapi/own-routes.ts'
import { securityHeaders } from './security-headers.ts'

type ScopeConfig = Pick<Config, 'appUrl' | 'corsOrigins' | 'rateLimit' | 'hostDocument'>

/** For scopes that are not an API. */
export type ScopeOptions = {
  onError?: (error: Raw, request: FastifyRequest, reply: FastifyReply) => unknown
  parsers?: (scope: FastifyInstance) => Promise<void>
  headers?: HelmetOptions
}

/**
 * Makes a child scope ours: parsers, validation, errors, cookies, headers and limits stay in it,
 * and what the host has registered itself is used, not registered twice.
 */
export async function closedScope (scope: FastifyInstance, config: ScopeConfig, { onError = errorHandler, parsers = bodyParsers, headers }: ScopeOptions = {}): Promise<void> {
  describeRoutes(scope, config)
  scope.setErrorHandler(onError)
  scope.setValidatorCompiler(compileValidator)
  scope.setSerializerCompiler(compileSerializer)
  await parsers(scope)
  if (!scope.hasDecorator('httpErrors')) await scope.register(sensible)
  if (!scope.hasReplyDecorator('setCookie')) await scope.register(cookie)
  scope.addHook('onRequest', securityHeaders(config.appUrl, headers))
  if (config.corsOrigins.length > 0) allowOrigins(scope, config.corsOrigins)
  if (config.rateLimit === 'on' && !scope.hasDecorator('rateLimit')) await scope.register(rateLimit, { global: false })
}
