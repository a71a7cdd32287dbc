import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createRefreshCookie } from '../../../plugins/refresh-cookie.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { Message } from '../../../src/schemas/proxy.ts'

const logout: FastifyPluginAsyncTypebox = async (app) => {
  const cookie = createRefreshCookie(app.latchkey.config.issuer)
  for (const path of ['/api/logout', '/logout']) {
    app.post(path, {
      onRequest: app.authGuard('api'),
      schema: {
        tags: ['Account'],
        summary: 'Log out',
        description: 'Revokes the session of the bearer token, its access and refresh tokens, at once and everywhere.',
        response: { 202: Message, ...errors(401, 403, 503) }
      }
    }, async (request, reply) => {
      const { sessionId, clientId } = request.auth!
      if (sessionId) await app.latchkey.store.sessions.revoke(sessionId)
      const client = await app.latchkey.clients.find(clientId)
      if (client?.slug) cookie.clear(reply, client.slug)
      return reply.code(202).send({ message: 'Token revoked successfully.' })
    })
  }
}

export default logout
