import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Owner } from '../../src/account/owner.ts'
import { unprocessable } from '../http/unprocessable.ts'
import { internals } from '../internals.ts'
import { loginTooOld } from './errors.ts'

/**
 * For what is sensitive: a login of the last 10 minutes, or `current_password` in the body.
 * @throws HttpError 401 LK_LOGIN_TOO_OLD (RFC 9470), 422 on `current_password`
 */
export function stepUp (app: FastifyInstance) {
  const { account } = internals(app)
  return async (request: FastifyRequest, reply: FastifyReply, { userId, sessionId }: Owner): Promise<void> => {
    const { current_password: password } = (request.body ?? {}) as { current_password?: string }
    const outcome = await account.stepUp({ userId, sessionId, authTime: request.auth.authTime, password })
    if (outcome === 'too_old') throw loginTooOld(reply)
    if (outcome === 'wrong_password') throw unprocessable({ current_password: ['wrong_password'] })
  }
}
