import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../../src/http/caller.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { refreshTokenOf } from '../../../plugins/proxy/refresh-cookie.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { ProxyParams, RefreshBody } from '../../../src/schemas/proxy.ts'
import { TokenResponse } from '../../../src/schemas/token.ts'
import { HttpError } from '../../../src/http/http-error.ts'

const refresh: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/:client/refresh', {
    config: limit('refresh'),
    schema: {
      tags: ['Client proxies'],
      summary: 'Refresh with the token of the body or the cookie',
      params: ProxyParams,
      body: RefreshBody,
      response: { 200: TokenResponse, ...errors(400, 401, 403, 404, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const token = refreshTokenOf(request, app.clientProxy.isRefreshToken)
    if (token === undefined) throw new HttpError('LK_NO_REFRESH_TOKEN')
    const { proxied, body } = request
    return app.clientProxy.answer(reply, proxied, await proxied.refresh(token, body.scope, callerOf(request)))
  })
}

export default refresh
