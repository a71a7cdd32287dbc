import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { isRecent, loginTooOld } from '../../plugins/guard/errors.ts'
import { ownerGuard } from '../../plugins/guard/owner-guard.ts'
import { AccountExport } from '../../src/schemas/account.ts'
import { errors } from '../../src/schemas/errors.ts'
import { internals } from '../../plugins/internals.ts'

const profileExport: FastifyPluginAsyncTypebox = async (app) => {
  const { account, clock } = internals(app)

  app.get('/profile/export', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Account'],
      summary: 'Export everything that is held about the user',
      description:
        'Needs the access token of a first-party login, or a browser session, and a login of the last 10 minutes: an older one is answered by 401 with `error="insufficient_user_authentication"` and `max_age` (RFC 9470).',
      response: { 200: AccountExport, ...errors(401, 403, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    if (!isRecent(request.auth.authTime, clock.now())) throw loginTooOld(reply)
    return reply.header('cache-control', 'no-store').send(await account.exportAccount(userId) ?? {})
  })
}

export default profileExport
