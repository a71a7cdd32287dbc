import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Owner } from '../../src/account/owner.ts'
import { internals } from '../internals.ts'

/** Who is logged in on our pages, to manage their account; asked at the database, whatever the feed knows. @returns null for a guest */
export function ownerInPerson (app: FastifyInstance): (request: FastifyRequest) => Promise<Owner | null> {
  const { account, browser } = internals(app)
  return async (request) => {
    const session = await browser.session(request)
    return session && await account.findOwner({ kind: 'browser', userId: session.userId, clientId: null, sessionId: session.id, scopes: ['*'] })
  }
}
