import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { limit } from '../../../plugins/http/limits.ts'
import { internals } from '../../../plugins/internals.ts'
import { LOGOUT } from '../../../plugins/pages/logout.ts'
import { createProviderLogoutPages, loggedOutPath } from '../../../plugins/pages/provider-logout.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { ContinueQuery, ProviderParams, showPage } from '../../../src/schemas/pages.ts'

/** Loaded only where a provider has the option `logout`. */
const loggedOut: FastifyPluginAsyncTypebox = async (app) => {
  const services = internals(app)
  const { config, social } = services
  const pages = createProviderLogoutPages(services, social!)

  app.get(loggedOutPath(':provider'), {
    config: limit('logout'),
    schema: {
      tags: ['Social login'],
      summary: 'Where a provider sends the browser back to after the logout there',
      description: 'Goes on to the page that says so, or to the `post_logout_redirect_uri` of the application that has asked for the logout.',
      params: ProviderParams,
      querystring: ContinueQuery,
      response: showPage
    }
  }, async (request, reply) => {
    const provider = social!.providers.get(request.params.provider)
    if (provider?.logout !== true) throw new HttpError('LK_NOT_FOUND')
    const path = await pages.comeBack(request, provider, request.query.state ?? '')
    return reply.redirect(path ?? config.basePath + LOGOUT, 303)
  })
}

export default loggedOut
