import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkedByProtocol } from '../../plugins/http/compilers.ts'
import { callerOf } from '../../plugins/http/caller.ts'
import { unpacking } from '../../plugins/pages/unpacking.ts'
import { END_SESSION, endSessionPath, REQUEST } from '../../plugins/pages/logout.ts'
import { afterForm, form, LogoutQuery, OpenParams, showPage } from '../../src/schemas/pages.ts'

const logout: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, config, endSession } = app.latchkey

  async function begin (request: FastifyRequest, reply: FastifyReply, params: Record<string, unknown>): Promise<FastifyReply> {
    const session = await browser.session(request)
    const wanted = await endSession.begin(params, session)
    return wanted.confirmed ? await finish(request, reply, params) : await pages.logout.ask(request, reply, { params, wanted, session })
  }

  async function finish (request: FastifyRequest, reply: FastifyReply, params: Record<string, unknown>): Promise<FastifyReply> {
    const session = await browser.session(request)
    const wanted = await endSession.begin(params, session)
    await endSession.end(wanted, session, callerOf(request))
    await browser.logOut(request, reply)
    if (wanted.redirectTo === null && request.method === 'GET') return await pages.logout.done(request, reply)
    // What says that it is done is a page of its own, which posts nothing again
    return reply.redirect(wanted.redirectTo ?? pages.logout.donePath(request), 303)
  }

  app.get('/logout', {
    schema: { tags: ['Pages'], summary: 'Asks whether to log out', response: showPage }
  }, async (request, reply) => await begin(request, reply, {}))

  app.post('/logout', {
    schema: { tags: ['Pages'], summary: 'Log out on the page', ...form, body: OpenParams, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    return await finish(request, reply, request.body)
  })

  app.get(END_SESSION, {
    validatorCompiler: checkedByProtocol,
    preValidation: unpacking(REQUEST),
    schema: {
      tags: ['OpenID Connect'],
      summary: 'Log out for an application (RP-Initiated Logout)',
      description: 'Asks the user unless `id_token_hint` shows that the application belongs to this login; then goes to `post_logout_redirect_uri`.',
      querystring: LogoutQuery,
      response: showPage
    }
  }, async (request, reply) => await begin(request, reply, request.query))

  // As with authorize: the login's cookie comes with a GET only
  app.post(END_SESSION, {
    schema: { tags: ['OpenID Connect'], summary: 'Log out for an application, by POST', ...form, body: OpenParams, response: afterForm }
  }, async (request, reply) => reply.redirect(endSessionPath(config, request.body), 303))
}

export default logout
