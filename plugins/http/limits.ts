import rateLimit, { type RateLimitOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpError } from '../../src/http/http-error.ts'
import { addressOf, networkOf } from '../../src/http/caller.ts'

/** Requests per minute from one IPv4 address or one IPv6 /64. */
const PER_MINUTE = { password: 60, registration: 30, refresh: 600, device: 60, message: 30, logout: 600 }

type Counting = {
  /** Which requests are counted; default: all. */
  counts?: (request: FastifyRequest) => boolean
  /** The address that a request is counted for; default: that of the peer, or the one that a trusted proxy reports. */
  address?: (request: FastifyRequest) => string | Promise<string>
}

/**
 * A value for a route's `config`, which `applyLimits` passes to our own @fastify/rate-limit: an instance of the host has its own store,
 * exceptions and answers.
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

/** Applies the limits that routes of a scope have declared. */
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
