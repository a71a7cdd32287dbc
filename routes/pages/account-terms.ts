import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { localPath } from '../../src/http/return-to.ts'
import { afterForm, form, showPage, TermsForm, TermsQuery } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'
import { TERMS_PAGE } from '../../plugins/pages/account-paths.ts'

const tags = ['Pages']

const termsPage: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, config, users: { terms } } = internals(app)

  app.get(TERMS_PAGE, {
    schema: { tags, summary: 'Page that asks for the acceptance of a new version of the terms', querystring: TermsQuery, response: showPage }
  }, async (request, reply) => {
    const session = await browser.session(request)
    if (!session) return reply.redirect(config.loginPath, 303)
    const { return_to: target } = request.query
    if (!terms || await terms.hasAccepted(session.userId)) return reply.redirect(browser.returnPath(target), 303)
    return await pages.terms.show(request, reply, { userId: session.userId, returnTo: localPath(target) })
  })

  app.post(TERMS_PAGE, {
    schema: { tags, summary: 'Accept a new version of the terms', ...form, body: TermsForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const session = await browser.session(request)
    if (!session) return reply.redirect(config.loginPath, 303)
    const { terms_accepted: accepted, return_to: target } = request.body
    if (accepted !== 'true') {
      return await pages.terms.show(request, reply.code(422), { userId: session.userId, returnTo: localPath(target), isMissing: true })
    }
    await terms?.accept(session.userId)
    return reply.redirect(browser.returnPath(target), 303)
  })
}

export default termsPage
