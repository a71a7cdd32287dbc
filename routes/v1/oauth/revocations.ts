import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { bearerToken } from '../../../plugins/guard/bearer.ts'
import { forbidden } from '../../../plugins/guard/errors.ts'
import { nullIfRefused } from '../../../src/keys/access-token-verifier.ts'
import { followsRevocations, REVOCATIONS_READ } from '../../../src/oauth/scopes.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { StreamQuery } from '../../../src/schemas/feed-events.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { internals } from '../../../plugins/internals.ts'

const revocations: FastifyPluginAsyncTypebox = async (app) => {
  const { clients, oauth, revocation: { followers } } = internals(app)
  // Streams do not end by themselves and would keep the server from closing
  app.addHook('preClose', async () => followers.close())

  app.get('/revocations', {
    onRequest: app.authGuard('client', { scopes: [REVOCATIONS_READ] }),
    // A stream whose body nobody reads would never end
    exposeHeadRoute: false,
    schema: {
      tags: ['OAuth'],
      summary: 'Stream revocations (server-sent events)',
      description:
        'For guards in other services. Sends `snapshot` first, then `revocations`; each is an array. `heartbeat` confirms that everything has been sent that this server knew when the stream was `at` seconds old, and gives the age of its data at that time (`age`). A heartbeat may be delayed in transit, so measure times from your request for the stream. The stream ends when its token expires or is revoked.',
      produces: ['text/event-stream'],
      querystring: StreamQuery,
      response: { 200: Type.Unsafe<Readable>({ type: 'string' }), ...errors(401, 403, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const token = await oauth.verifyAccessToken(bearerToken(request)!).catch(nullIfRefused)
    if (!token) throw new HttpError('LK_UNAUTHENTICATED')
    // The operator may have removed the scope from the client since the token was issued
    if (!followsRevocations(await clients.find(token.claims.client_id))) throw forbidden(reply, [REVOCATIONS_READ], {})
    const stream = followers.open({ facts: token.claims, kid: token.kid, expiresAt: token.claims.exp, name: request.query.stream })
    return reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }).send(stream)
  })
}

export default revocations
