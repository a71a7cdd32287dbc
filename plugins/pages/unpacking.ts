import type { FastifyRequest, preValidationAsyncHookHandler } from 'fastify'
import { unpackParams } from '../../src/http/packed-query.ts'

/**
 * Unpacks the query of a route whose addresses may be packed, so that later readers such as the choice of language see plain parameters.
 */
export function unpacking (repeatable: readonly string[]): preValidationAsyncHookHandler {
  return async (request: FastifyRequest) => {
    request.query = unpackParams(request.query as Record<string, unknown>, repeatable)
  }
}
