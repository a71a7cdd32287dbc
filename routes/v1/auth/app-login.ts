import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { limit } from '../../../plugins/http/limits.ts'
import { sameOrigin } from '../../../plugins/http/same-origin.ts'
import { internals } from '../../../plugins/internals.ts'
import { invalidCredentials } from '../../../plugins/proxy/errors.ts'
import { explain } from '../../../plugins/proxy/local.ts'
import { createFindAppClient, isProxied } from '../../../plugins/social/app-client.ts'
import { createAppProofs } from '../../../plugins/social/app-proof.ts'
import { createIdentify } from '../../../plugins/social/identify.ts'
import { callerOf } from '../../../src/http/caller.ts'
import { HttpError, type ErrorCode } from '../../../src/http/http-error.ts'
import type { Client } from '../../../src/oauth/ports.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { AppLoginBody, SocialParams } from '../../../src/schemas/social.ts'
import { TokenResponse } from '../../../src/schemas/token.ts'
import type { Refusal } from '../../../src/social/sign-in.ts'

const asProxy = explain(invalidCredentials)

const REFUSALS: Record<Refusal, ErrorCode> = {
  unknown: 'LK_NO_ACCOUNT', exists: 'LK_ACCOUNT_EXISTS', unverified: 'LK_NO_VERIFIED_ADDRESS', incomplete: 'LK_REGISTRATION_INCOMPLETE',
  refused: 'LK_INVALID_CREDENTIALS'
}

/** For apps, which log users in at a provider themselves. */
const appLogin: FastifyPluginAsyncTypebox = async (app) => {
  const services = internals(app)
  const { clients, config, oauth } = services
  const identify = createIdentify(services, services.social!)
  const proofs = createAppProofs(services.social!, config)
  const findClient = createFindAppClient(services)
  const isOwn = sameOrigin(config, config.corsOrigins)
  const address = (request: FastifyRequest) =>
    clients.addressBehind({ authorization: request.headers.authorization, body: request.body, caller: callerOf(request) })

  function checkScope (client: Client, scope: string | undefined): void {
    try {
      oauth.scopes.grant(client, scope)
    } catch (error) {
      asProxy(error)
    }
  }

  app.post('/v1/auth/:provider', {
    config: limit('password', { address }),
    // Before validation: an unknown provider is 406 whatever the fields are
    preValidation: async (request) => {
      proofs.providerOf((request.params as { provider: string }).provider)
      if (isProxied(request)) await isOwn(request)
      request.body ??= {}
    },
    schema: {
      tags: ['Social login'],
      summary: 'Log in with what an app has got from a provider',
      description:
        'With exactly one of `code`, `id_token` and `oauth_token`. The client is named by `client`, and the answer is that of its proxy, with the cookie `refreshToken`; or it authenticates as at the token endpoint, and the answer is that of the password grant. A form is accepted with client authentication only.',
      consumes: ['application/json', 'application/x-www-form-urlencoded'],
      security: [{ client: [] }, {}],
      params: SocialParams,
      body: AppLoginBody,
      response: { 200: TokenResponse, ...errors(400, 401, 403, 404, 406, 409, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { body } = request
    const provider = proofs.providerOf(request.params.provider)
    const { client, caller, answer } = await findClient(request, body)
    // Before the provider is asked, so that the proof is not used up by a mistake
    checkScope(client, body.scope)
    const { answer: proven, attempt } = await proofs.read(request, provider, body, caller)
    const { user, refused, reason } = await identify(request, provider, proven, { caller, knows: attempt.knows })
    if (reason !== undefined) throw new HttpError('LK_LOGIN_REFUSED', { message: reason })
    if (refused) throw new HttpError(REFUSALS[refused])
    const issued = await oauth.token.logIn(client, user, { scope: body.scope, caller }).catch(asProxy)
    return answer(reply, { ...issued, device: attempt.device(user.userId) })
  })
}

export default appLogin
