import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { checkedByProtocol } from '../../../plugins/http/compilers.ts'
import { END_SESSION, endSessionPath, REQUEST } from '../../../plugins/pages/logout.ts'
import { unpacking } from '../../../plugins/pages/unpacking.ts'
import { afterForm, form, LogoutQuery, OpenParams, showPage } from '../../../src/schemas/pages.ts'
import { internals } from '../../../plugins/internals.ts'

const tags = ['OpenID Connect']

const logout: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { config } = internals(app)

  app.get(END_SESSION, {
    validatorCompiler: checkedByProtocol,
    preValidation: unpacking(REQUEST),
    schema: {
      tags,
      summary: 'Log out on behalf of an application (RP-Initiated Logout)',
      description:
        'Asks the user to confirm unless `id_token_hint` belongs to this browser session, then redirects to `post_logout_redirect_uri`.',
      querystring: LogoutQuery,
      response: showPage
    }
  }, async (request, reply) => await pages.logout.begin(request, reply, request.query))

  // As at the authorization endpoint: the session cookie comes with a GET only
  app.post(END_SESSION, {
    schema: { tags, summary: 'Log out on behalf of an application, by POST', ...form, body: OpenParams, response: afterForm }
  }, async (request, reply) => reply.redirect(endSessionPath(config, request.body), 303))
}

export default logout
