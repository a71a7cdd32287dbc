import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Owner } from '../../src/account/owner.ts'
import { internals } from '../internals.ts'

/** `authTime`: when they last proved who they are. */
export type OwnerInPerson = Owner & { authTime: Date }

/**
 * The user of a browser session who manages their account. Read from the database, so a stale revocation list does not matter. @returns
 * null for a guest
 */
export function ownerInPerson (app: FastifyInstance): (request: FastifyRequest) => Promise<OwnerInPerson | null> {
  const { account, browser } = internals(app)
  return async (request) => {
    const session = await browser.session(request)
    if (!session) return null
    const { userId, id: sessionId, authTime } = session
    return { ...await account.findOwner({ kind: 'browser', userId, clientId: null, sessionId, scopes: ['*'] }), authTime }
  }
}
