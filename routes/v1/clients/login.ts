import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../../src/http/caller.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { requiredLater } from '../../../plugins/http/compilers.ts'
import { unprocessable } from '../../../plugins/http/unprocessable.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { ChallengeBody, loginBody, ProxyParams } from '../../../src/schemas/proxy.ts'
import { TokenResponse } from '../../../src/schemas/token.ts'
import { readLogin } from '../../../src/users/login-candidates.ts'

const login: FastifyPluginAsyncTypebox = async (app) => {
  const { login: fields } = app.clientProxy
  const named = (field: string) => field === 'password' ? field : fields.prefix + field

  app.post('/:client/login', {
    config: limit('password'),
    validatorCompiler: requiredLater,
    schema: {
      tags: ['Client proxies'],
      summary: 'Log in without a client secret',
      description: 'The client id and secret stay on the server. The refresh token is also set as the HttpOnly cookie `refreshToken`.',
      params: ProxyParams,
      body: loginBody(fields.attributes, fields.prefix),
      response: { 200: TokenResponse, ...errors(400, 401, 403, 404, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { proxied, body } = request
    const { errors, ...login } = readLogin(fields, body)
    if (Object.keys(errors).length > 0) throw unprocessable(errors, { named })
    return app.clientProxy.answer(reply, proxied, await proxied.logIn(login, callerOf(request)))
  })

  if (!app.clientProxy.factors) return

  app.post('/:client/challenge', {
    config: limit('password'),
    schema: {
      tags: ['Client proxies'],
      summary: 'Go on with a login that needs a second factor',
      description:
        'After a login that was answered by `LK_INSUFFICIENT_AUTHORIZATION`: with its `auth_session` and a code. The answer is that of the login. 401 for a wrong code, which may be corrected; after five of them, and after 10 minutes, it is 403 `LK_INVALID_TOKEN`, and the login must begin again.',
      params: ProxyParams,
      body: ChallengeBody,
      response: { 200: TokenResponse, ...errors(400, 401, 403, 404, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { proxied, body } = request
    return app.clientProxy.answer(reply, proxied, await proxied.challenge(body, callerOf(request)))
  })
}

export default login
