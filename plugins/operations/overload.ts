import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { HttpError } from '../../src/http/http-error.ts'

/** Milliseconds that the event loop may lag before new requests are turned away. */
const MAX_EVENT_LOOP_DELAY = 1000

/** 503 with `Retry-After` at once when the event loop cannot keep up; a host that has @fastify/under-pressure decides itself. */
export function overload (scope: FastifyInstance): void {
  if (scope.hasDecorator('isUnderPressure')) return
  scope.register(underPressure, {
    maxEventLoopDelay: MAX_EVENT_LOOP_DELAY,
    pressureHandler: (_request, _reply, _type, _value) => {
      throw new HttpError('LK_OVERLOADED')
    }
  })
}
