import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../../src/http/caller.ts'
import { refreshTokenOf } from '../../../plugins/proxy/refresh-cookie.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { Message, ProxyParams, RefreshBody } from '../../../src/schemas/proxy.ts'

const logout: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/:client/logout', {
    schema: {
      tags: ['Client proxies'],
      summary: 'Log out with the token of the body or the cookie',
      description: 'Also works when the access token has expired. Always clears the cookie.',
      params: ProxyParams,
      body: RefreshBody,
      response: { 202: Message, ...errors(400, 403, 404, 422, 503) }
    }
  }, async (request, reply) => {
    const { proxied } = request
    await proxied.logOut(refreshTokenOf(request, app.clientProxy.isRefreshToken), callerOf(request))
    app.clientProxy.clearCookie(reply, proxied.slug)
    return reply.code(202).send({ message: 'Token revoked successfully.' })
  })
}

export default logout
