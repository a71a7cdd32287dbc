import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { addressOf, callerOf } from '../../../src/http/caller.ts'
import { DEVICE_HEADER } from '../../../src/throttle/known-devices.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { OAuthErrorBody, TokenRequest, TokenResponse } from '../../../src/schemas/token.ts'
import { internals } from '../../../plugins/internals.ts'

const isLogin = ({ body }: FastifyRequest) => (body as { grant_type?: unknown } | undefined)?.grant_type === 'password'

const token: FastifyPluginAsyncTypebox = async (app) => {
  const { clients, oauth } = internals(app)
  // A remote client proxy sends the requests of many users from one address
  const address = (request: FastifyRequest) => isLogin(request)
    ? clients.addressBehind({ authorization: request.headers.authorization, body: request.body, caller: callerOf(request) })
    : addressOf(request)

  app.post('/token', {
    config: { oauth: true, ...limit('password', { counts: isLogin, address }) },
    schema: {
      tags: ['OAuth'],
      summary: 'Get tokens (RFC 6749)',
      description:
        "Grants: `password`, `refresh_token`, `client_credentials`, `urn:ietf:params:oauth:grant-type:device_code`. The client authenticates by HTTP Basic or in the body. A trusted proxy sends the user's address as `X-Latchkey-Client-IP`. The response to a login contains `X-Latchkey-Device`; send it with the next login of the user, so that failed logins from elsewhere do not lock the user out.",
      consumes: ['application/x-www-form-urlencoded', 'application/json'],
      security: [{ client: [] }, {}],
      body: TokenRequest,
      response: { 200: TokenResponse, 400: OAuthErrorBody, 401: OAuthErrorBody, 429: OAuthErrorBody, 503: OAuthErrorBody }
    }
  }, async (request, reply) => {
    const { body, device } = await oauth.token.issue({
      authorization: request.headers.authorization, body: request.body, caller: callerOf(request)
    })
    if (device !== undefined) reply.header(DEVICE_HEADER, device)
    return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(body)
  })
}

export default token
