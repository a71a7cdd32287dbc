import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Owner } from '../../src/account/owner.ts'
import { internals } from '../internals.ts'

/** `authTime`: when they last proved who they are. */
export type OwnerInPerson = Owner & { authTime: Date }

/**
 * The user of a browser session who has sent a form of the account pages, whose CSRF token is checked first. Read from the database, so a
 * stale revocation list does not matter.
 * @returns null for a guest
 * @throws HttpError for a form that another site has sent
 */
export function ownerOfForm (app: FastifyInstance): (request: FastifyRequest, reply: FastifyReply) => Promise<OwnerInPerson | null> {
  const { account, browser } = internals(app)
  return async (request, reply) => {
    await app.pages.checkCsrf(request, reply)
    const session = await browser.session(request)
    if (!session) return null
    const { userId, id: sessionId, authTime } = session
    return { ...await account.findOwner({ kind: 'browser', userId, clientId: null, sessionId, scopes: ['*'] }), authTime }
  }
}
