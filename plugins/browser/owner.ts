import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Owner } from '../../src/account/owner.ts'
import { internals } from '../internals.ts'

/**
 * The user of a browser session who manages their account. Read from the database, so a stale revocation list does not matter. @returns
 * null for a guest
 */
export function ownerInPerson (app: FastifyInstance): (request: FastifyRequest) => Promise<Owner | null> {
  const { account, browser } = internals(app)
  return async (request) => {
    const session = await browser.session(request)
    return session && await account.findOwner({ kind: 'browser', userId: session.userId, clientId: null, sessionId: session.id, scopes: ['*'] })
  }
}
