import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { addressOf, callerOf } from '../../../src/http/caller.ts'
import { DEVICE_HEADER } from '../../../src/throttle/known-devices.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { ChallengeRequest, OAuthErrorBody, TokenRequest, TokenResponse } from '../../../src/schemas/token.ts'
import { internals } from '../../../plugins/internals.ts'

const answers = {
  200: TokenResponse, 400: OAuthErrorBody, 401: OAuthErrorBody, 403: OAuthErrorBody, 429: OAuthErrorBody, 503: OAuthErrorBody
}

const isLogin = ({ body }: FastifyRequest) => (body as { grant_type?: unknown } | undefined)?.grant_type === 'password'

const token: FastifyPluginAsyncTypebox = async (app) => {
  const { clients, config, oauth } = internals(app)
  // A remote client proxy sends the requests of many users from one address
  const behind = (request: FastifyRequest) =>
    clients.addressBehind({ authorization: request.headers.authorization, body: request.body, caller: callerOf(request) })
  const address = (request: FastifyRequest) => isLogin(request) ? behind(request) : addressOf(request)

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
      response: answers
    }
  }, async (request, reply) => {
    const { body, device } = await oauth.token.issue({
      authorization: request.headers.authorization, body: request.body, caller: callerOf(request)
    })
    if (device !== undefined) reply.header(DEVICE_HEADER, device)
    return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(body)
  })

  if (config.factors === 'off') return

  app.post('/challenge', {
    config: { oauth: true, ...limit('password', { address: behind }) },
    schema: {
      tags: ['OAuth'],
      summary: 'Go on with a login that needs a second factor',
      description:
        'After a login that was answered by 403 `insufficient_authorization`: with its `auth_session` and a code of one of its `factors`, by the same client, which authenticates as at the token endpoint. The answer is that of the token endpoint. `invalid_grant` for a wrong code, which may be corrected; after five of them, and after 10 minutes, it is `invalid_session`, and the login must begin again.',
      consumes: ['application/x-www-form-urlencoded', 'application/json'],
      security: [{ client: [] }, {}],
      body: ChallengeRequest,
      response: answers
    }
  }, async (request, reply) => {
    const { body, device } = await oauth.token.challenge({
      authorization: request.headers.authorization, body: request.body, caller: callerOf(request)
    })
    if (device !== undefined) reply.header(DEVICE_HEADER, device)
    return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(body)
  })
}

export default token
