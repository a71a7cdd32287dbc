import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { limit } from '../../../plugins/http/limits.ts'
import { internals } from '../../../plugins/internals.ts'
import { callerOf } from '../../../src/http/caller.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { invalidRequest } from '../../../src/oauth/errors.ts'
import { LogoutTokenBody, SocialParams } from '../../../src/schemas/social.ts'
import { OAuthErrorBody } from '../../../src/schemas/token.ts'
import { UpstreamError } from '../../../src/social/upstream-error.ts'

/** For OpenID providers, which tell that a login there is over. No cookie has an effect here. */
const backchannelLogout: FastifyPluginAsyncTypebox = async (app) => {
  const { sessions: { sessionEnds }, social } = internals(app)
  const { providers, upstreamOf } = social!

  /** Section 2.8: one answer for all that is wrong; the log says why. */
  function refused (error: unknown): never {
    if (!(error instanceof UpstreamError)) throw error
    const why = error.problem === 'unavailable' ? 'The keys of the provider cannot be read at the moment' : 'The logout token is not valid'
    throw invalidRequest(why, { reason: error.message })
  }

  app.post('/v1/auth/:provider/backchannel-logout', {
    config: { oauth: true, ...limit('logout') },
    schema: {
      tags: ['Social login'],
      summary: 'For an OpenID provider: a login there is over (OpenID Connect Back-Channel Logout 1.0)',
      description: 'Ends the sessions that come from this login, at once in every process. Each logout token counts once.',
      consumes: ['application/x-www-form-urlencoded'],
      params: SocialParams,
      body: LogoutTokenBody,
      response: {
        200: Type.Null({ description: 'Ended, or there was nothing to end' }), 400: OAuthErrorBody, 404: OAuthErrorBody, 429: OAuthErrorBody,
        503: OAuthErrorBody
      }
    }
  }, async (request, reply) => {
    const provider = providers.get(request.params.provider)
    if (provider?.kind !== 'openid') throw new HttpError('LK_NOT_FOUND')
    const { meant, once } = await upstreamOf(provider).readLogout(request.body.logout_token).catch(refused)
    const isNew = await sessionEnds.upstream(meant, once, { reason: 'provider', caller: callerOf(request) })
    if (!isNew) throw invalidRequest('The logout token was used before')
    return reply.code(200).header('cache-control', 'no-store').send(null)
  })
}

export default backchannelLogout
