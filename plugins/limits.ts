import type { FastifyRequest } from 'fastify'
import { networkOf } from '../src/users/network.ts'
import { addressOf } from './caller.ts'

/** Requests a minute from one address, or one /64 of IPv6. */
const PER_MINUTE = { password: 60, registration: 30, refresh: 600, device: 60 }

/** A route's `config` for @fastify/rate-limit. @param counts which requests count; all when not given */
export function limit (kind: keyof typeof PER_MINUTE, counts?: (request: FastifyRequest) => boolean) {
  return {
    rateLimit: {
      max: PER_MINUTE[kind],
      timeWindow: 60_000,
      hook: 'preHandler' as const,
      keyGenerator: (request: FastifyRequest) => networkOf(addressOf(request)),
      ...(counts && { allowList: (request: FastifyRequest) => !counts(request) }),
      errorResponseBuilder: (_request: FastifyRequest, { after }: { after: string }) =>
        Object.assign(new Error(`Too many requests, try again in ${after}`), { statusCode: 429, code: 'LK_TOO_MANY_REQUESTS' })
    }
  }
}
