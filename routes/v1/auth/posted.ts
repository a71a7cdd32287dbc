import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createUpstreamCookie } from '../../../plugins/browser/upstream-cookie.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { internals } from '../../../plugins/internals.ts'
import { callbackPath } from '../../../plugins/pages/upstream.ts'
import { withQuery } from '../../../src/http/front-end-url.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { form, PostedAnswer, ProviderParams, showPage } from '../../../src/schemas/pages.ts'
import { MAX_STATE } from '../../../src/social/upstream-logins.ts'

/** What is kept of an answer, in characters; what is longer is left out. */
const KEPT = { code: 8192, error: 200, iss: 2000, state: MAX_STATE, user: 2000 }

/**
 * For providers whose page posts the answer (OAuth 2.0 Form Post Response Mode). Loaded only where there is one. No cookie comes with a
 * request of another site, so that this one only keeps the answer; the GET that follows is of the browser that has both started the login
 * and posted the answer, or is refused. A forged answer finds no login: nobody else knows the state.
 */
const posted: FastifyPluginAsyncTypebox = async (app) => {
  const { config, social } = internals(app)
  const { providers, logins } = social!
  const cookie = createUpstreamCookie(config)

  app.post('/v1/auth/:provider/callback', {
    config: limit('password'),
    schema: {
      tags: ['Social login'],
      summary: 'Where a provider posts its answer, such as Apple',
      description: 'Keeps the answer for the browser that has started the login, and redirects to the same address with `state` alone.',
      ...form,
      params: ProviderParams,
      body: PostedAnswer,
      response: showPage
    }
  }, async (request, reply) => {
    const provider = providers.get(request.params.provider)
    if (provider?.responseMode !== 'form_post') throw new HttpError('LK_NOT_FOUND')
    const answer = new URLSearchParams()
    for (const [name, most] of Object.entries(KEPT)) {
      const value = (request.body as Record<string, unknown>)[name]
      if (typeof value === 'string' && value.length <= most) answer.set(name, value)
    }
    const state = answer.get('state')
    if (state !== null) cookie.keepAnswer(reply, await logins.keepAnswer(provider.name, state, answer))
    const path = config.basePath + callbackPath(provider.name)
    return reply.redirect(state === null ? path : withQuery(path, { state }), 303)
  })
}

export default posted
