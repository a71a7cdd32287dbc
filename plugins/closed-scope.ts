import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import sensible from '@fastify/sensible'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../src/config.ts'
import { bodyParsers } from './body-parsers.ts'
import { allowOrigins } from './cors.ts'
import { errorHandler } from './errors.ts'
import { securityHeaders } from './security-headers.ts'

/**
 * Makes a child scope ours: parsers, validation, errors, cookies, headers and limits stay in it,
 * and what the host has registered itself is used, not registered twice.
 */
export async function closedScope (scope: FastifyInstance, config: Pick<Config, 'appUrl' | 'corsOrigins' | 'rateLimit'>): Promise<void> {
  scope.setErrorHandler(errorHandler)
  scope.setValidatorCompiler(TypeBoxValidatorCompiler)
  await bodyParsers(scope)
  if (!scope.hasDecorator('httpErrors')) await scope.register(sensible)
  if (!scope.hasReplyDecorator('setCookie')) await scope.register(cookie)
  scope.addHook('onRequest', securityHeaders(config.appUrl))
  if (config.corsOrigins.length > 0) allowOrigins(scope, config.corsOrigins)
  if (config.rateLimit === 'on' && !scope.hasDecorator('rateLimit')) await scope.register(rateLimit, { global: false })
}
