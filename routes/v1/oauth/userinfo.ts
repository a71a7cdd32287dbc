import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { UserInfo } from '../../../src/schemas/discovery.ts'
import { errors } from '../../../src/schemas/errors.ts'

const userinfo: FastifyPluginAsyncTypebox = async (app) => {
  for (const method of ['GET', 'POST'] as const) {
    app.route({
      method,
      url: '/userinfo',
      onRequest: app.authGuard('api', { scopes: ['openid'] }),
      schema: {
        tags: ['OpenID Connect'],
        summary: 'Claims about the user (OpenID Connect Core section 5.3)',
        response: { 200: UserInfo, ...errors(401, 403, 503) }
      },
      handler: async (request, reply) => {
        const claims = await app.latchkey.userInfo(request.auth!)
        if (!claims) throw app.httpErrors.createError(401, 'The user of this token is gone', { code: 'LK_UNAUTHENTICATED' })
        return reply.header('cache-control', 'no-store').send(claims)
      }
    })
  }
}

export default userinfo
