import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { RequestError, RETRY_AFTER } from '../src/request-error.ts'

/** Milliseconds that the event loop may lag before new requests are turned away. */
const MAX_EVENT_LOOP_DELAY = 1000

/** 503 with `Retry-After` at once when the event loop cannot keep up; a host that has @fastify/under-pressure decides itself. */
export function overload (scope: FastifyInstance): void {
  if (scope.hasDecorator('isUnderPressure')) return
  scope.register(underPressure, {
    maxEventLoopDelay: MAX_EVENT_LOOP_DELAY,
    pressureHandler: (_request, _reply, _type, _value) => {
      throw new RequestError(503, 'LK_OVERLOADED', 'The server is overloaded, try again in a moment', { retryAfter: RETRY_AFTER })
    }
  })
}
