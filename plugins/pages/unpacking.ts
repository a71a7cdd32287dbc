import type { FastifyRequest, preValidationAsyncHookHandler } from 'fastify'
import { unpackParams } from '../../src/http/packed-query.ts'

/**
 * For a route whose own addresses may be packed: what reads the query afterwards, such as the choice of the language, sees no difference.
 */
export function unpacking (repeatable: readonly string[]): preValidationAsyncHookHandler {
  return async (request: FastifyRequest) => {
    request.query = unpackParams(request.query as Record<string, unknown>, repeatable)
  }
}
