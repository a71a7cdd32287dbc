import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { callerOf } from '../../src/http/caller.ts'
import { createClearLoginCookies } from '../../plugins/proxy/refresh-cookie.ts'
import { errors } from '../../src/schemas/errors.ts'
import { Message } from '../../src/schemas/proxy.ts'
import { internals } from '../../plugins/internals.ts'

const logout: FastifyPluginAsyncTypebox = async (app) => {
  const services = internals(app)
  const { personalTokens, sessions } = services
  const clearCookies = createClearLoginCookies(services)
  const guard = app.authGuard('api')

  async function endAccess (request: FastifyRequest): Promise<void> {
    const auth = guard.auth(request)
    const caller = callerOf(request)
    if (auth.kind === 'personal') await personalTokens.revoke(auth.tokenId, auth.userId, caller)
    else await sessions.sessionEnds.session(auth.sessionId, { reason: 'logout', caller })
  }

  for (const path of ['/api/logout', '/logout']) {
    app.post(path, {
      onRequest: guard,
      schema: {
        tags: ['Account'],
        summary: 'Log out',
        description:
          'Revokes the session of the bearer token, with its access and refresh tokens, at once in every process. A personal access token revokes itself.',
        response: { 202: Message, ...errors(401, 403, 503) }
      }
    }, async (request, reply) => {
      const { clientId } = request.auth
      await endAccess(request)
      await clearCookies(reply, clientId)
      return reply.code(202).send({ message: 'Token revoked successfully.' })
    })
  }
}

export default logout
