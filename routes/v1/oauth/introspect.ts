import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../../src/http/caller.ts'
import { Introspection, TokenParam } from '../../../src/schemas/introspection.ts'
import { OAuthErrorBody } from '../../../src/schemas/token.ts'
import { internals } from '../../../plugins/internals.ts'

const introspect: FastifyPluginAsyncTypebox = async (app) => {
  const { oauth } = internals(app)

  app.post('/introspect', {
    config: { oauth: true },
    schema: {
      tags: ['OAuth'],
      summary: 'Introspect a token (RFC 7662)',
      description:
        'For clients with a secret. A client is told about its own tokens, and about tokens of others if the operator allows it; otherwise the response is `{ "active": false }`. Access tokens are checked without a database query.',
      consumes: ['application/x-www-form-urlencoded', 'application/json'],
      security: [{ client: [] }, {}],
      body: TokenParam,
      response: { 200: Introspection, 400: OAuthErrorBody, 401: OAuthErrorBody, 429: OAuthErrorBody, 503: OAuthErrorBody }
    }
  }, async (request, reply) => {
    const answer = await oauth.introspect({
      authorization: request.headers.authorization, body: request.body, caller: callerOf(request)
    })
    return reply.header('cache-control', 'no-store').send(answer)
  })
}

export default introspect
