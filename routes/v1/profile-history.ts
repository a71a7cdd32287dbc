import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ownerGuard } from '../../plugins/guard/owner-guard.ts'
import { HistoryPage, HistoryPageQuery } from '../../src/schemas/account.ts'
import { errors } from '../../src/schemas/errors.ts'
import { internals } from '../../plugins/internals.ts'

const DEFAULT = 50

const profileHistory: FastifyPluginAsyncTypebox = async (app) => {
  const { account } = internals(app)

  app.get('/profile/history', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Account'],
      summary: 'List what has happened to the account',
      description:
        'Logins, changes and what has ended, from the audit log, newest first. Needs the access token of a first-party login, or a browser session. `next` is the value of `before` for the next page.',
      querystring: HistoryPageQuery,
      response: { 200: HistoryPage, ...errors(401, 403, 422, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    const { before = null, limit = DEFAULT } = request.query
    const { entries, next } = await account.history.list(userId, { before, limit })
    return reply.header('cache-control', 'no-store').send({
      next,
      entries: entries.map(({ id, type, reason, client, ip, userAgent, createdAt }) => ({
        id, type, reason, client: client?.name ?? null, ip, user_agent: userAgent, created_at: createdAt.toISOString()
      }))
    })
  })
}

export default profileHistory
