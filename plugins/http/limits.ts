import rateLimit, { type RateLimitOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpError } from '../../src/http/http-error.ts'
import { networkOf } from '../../src/throttle/network.ts'
import { addressOf } from './caller.ts'

/** Requests a minute from one address, or one /64 of IPv6. */
const PER_MINUTE = { password: 60, registration: 30, refresh: 600, device: 60 }

type Counting = {
  /** Which requests count; all when not given. */
  counts?: (request: FastifyRequest) => boolean
  /** Whose they are; the peer's, or of whom a trusted proxy tells, when not given. */
  address?: (request: FastifyRequest) => string | Promise<string>
}

/**
 * A route's `config`, which `applyLimits` hands to our @fastify/rate-limit: that of a host has a store, exceptions and answers of its own.
 */
export function limit (kind: keyof typeof PER_MINUTE, { counts, address = addressOf }: Counting = {}) {
  return {
    latchkeyLimit: {
      max: PER_MINUTE[kind],
      timeWindow: 60_000,
      hook: 'preHandler' as const,
      keyGenerator: (request: FastifyRequest) => {
        const found = address(request)
        return typeof found === 'string' ? networkOf(found) : found.then(networkOf)
      },
      ...(counts && { allowList: (request: FastifyRequest) => !counts(request) }),
      errorResponseBuilder: (_request: FastifyRequest, { after, ttl }: { after: string, ttl: number }) =>
        new HttpError('LK_TOO_MANY_REQUESTS', { message: `Too many requests, try again in ${after}`, retryAfter: Math.ceil(ttl / 1000) })
    }
  }
}

/** Limits of the routes of a scope that have some. */
export function applyLimits (scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => {
    const { latchkeyLimit, ...config } = route.config ?? {}
    if (latchkeyLimit) route.config = { ...config, rateLimit: latchkeyLimit }
  })
  scope.register(rateLimit, { global: false })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    latchkeyLimit?: RateLimitOptions
  }
}
