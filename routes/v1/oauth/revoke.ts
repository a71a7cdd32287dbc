import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { callerOf } from '../../../src/http/caller.ts'
import { TokenParam } from '../../../src/schemas/introspection.ts'
import { OAuthErrorBody } from '../../../src/schemas/token.ts'
import { internals } from '../../../plugins/internals.ts'

const revoke: FastifyPluginAsyncTypebox = async (app) => {
  const { oauth } = internals(app)

  app.post('/revoke', {
    config: { oauth: true },
    schema: {
      tags: ['OAuth'],
      summary: 'Revoke a token (RFC 7009)',
      description: 'Revoking a token of a session ends the whole session, at once in every process.',
      consumes: ['application/x-www-form-urlencoded', 'application/json'],
      security: [{ client: [] }, {}],
      body: TokenParam,
      response: {
        200: Type.Null({ description: 'Revoked, or there was nothing to revoke' }), 400: OAuthErrorBody, 401: OAuthErrorBody,
        429: OAuthErrorBody, 503: OAuthErrorBody
      }
    }
  }, async (request, reply) => {
    await oauth.revoke({ authorization: request.headers.authorization, body: request.body, caller: callerOf(request) })
    return reply.code(200).header('cache-control', 'no-store').send(null)
  })
}

export default revoke
