import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { HttpError } from '../../src/http/http-error.ts'

/** Milliseconds of event loop delay above which new requests are refused. */
const MAX_EVENT_LOOP_DELAY = 1000

/** Answers 503 with `Retry-After` while the event loop is overloaded. If the host uses @fastify/under-pressure, its settings apply. */
export function overload (scope: FastifyInstance): void {
  if (scope.hasDecorator('isUnderPressure')) return
  scope.register(underPressure, {
    maxEventLoopDelay: MAX_EVENT_LOOP_DELAY,
    pressureHandler: (_request, _reply, _type, _value) => {
      throw new HttpError('LK_OVERLOADED')
    }
  })
}
