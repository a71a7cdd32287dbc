import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { checkedByProtocol } from '../../../plugins/http/compilers.ts'
import { unpacking } from '../../../plugins/pages/unpacking.ts'
import { AUTHORIZE, authorizePath, REQUEST, requestParams } from '../../../plugins/pages/answer.ts'
import { SHOWN_AS, SHOWN_TO } from '../../../src/oauth/authorize/authorize.ts'
import { afterForm, AuthorizeQuery, form, OpenParams, showPage } from '../../../src/schemas/pages.ts'
import { internals } from '../../../plugins/internals.ts'

const tags = ['OAuth']

const authorize: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, config, oauth } = internals(app)

  app.get(AUTHORIZE, {
    validatorCompiler: checkedByProtocol,
    preValidation: unpacking(REQUEST),
    schema: {
      tags,
      summary: 'Request an authorization code (RFC 6749 section 4.1.1)',
      description: 'Requires PKCE. Shows the login and consent pages if they are needed, then redirects to the redirect URI.',
      querystring: AuthorizeQuery,
      response: showPage
    }
  }, async (request, reply) => {
    const session = await browser.session(request)
    return await pages.answer(request, reply, await oauth.authorize.begin(requestParams(request.query), session))
  })

  app.post(AUTHORIZE, {
    schema: { tags, summary: 'Allow or deny the request, or request an authorization code by POST', ...form, body: OpenParams, response: afterForm }
  }, async (request, reply) => {
    const { body } = request
    const { decision, [SHOWN_TO]: to, [SHOWN_AS]: as } = body
    const params = requestParams(body)
    // Browsers send no SameSite=Lax cookie with a cross-site POST, so the request starts again as a GET (OpenID Connect Core section
    // 3.1.2.1)
    if (decision === undefined) return reply.redirect(authorizePath(config, params), 303)
    await pages.checkCsrf(request, reply)
    const session = await browser.session(request)
    return await pages.answer(
      request,
      reply,
      decision === 'allow' ? await oauth.authorize.approve(params, { to, as }, session) : await oauth.authorize.deny(params)
    )
  })

  app.delete(AUTHORIZE, {
    schema: { tags, summary: 'Deny the request', ...form, body: OpenParams, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    return await pages.answer(request, reply, await oauth.authorize.deny(requestParams(request.body)))
  })
}

export default authorize
