import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../src/http/caller.ts'
import { limit } from '../../plugins/http/limits.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { withQuery } from '../../src/http/front-end-url.ts'
import { localPath } from '../../src/http/return-to.ts'
import { afterForm, form, RegisterForm, RegisterQuery, showPage } from '../../src/schemas/pages.ts'
import { VERIFY_PAGE } from '../../src/verification/links.ts'
import { internals } from '../../plugins/internals.ts'
import { askedLocale, localesOf, preferredLanguages } from '../../plugins/http/preferred-languages.ts'

const tags = ['Pages']

const register: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, config, invitations, mail, users, verification: { channels, links } } = internals(app)

  app.get('/register', {
    schema: { tags, summary: 'Registration page', querystring: RegisterQuery, response: showPage }
  }, async (request, reply) => {
    const { invitation } = request.query
    const returnTo = localPath(request.query.return_to)
    const known = invitation === undefined ? null : await invitations()
    if (invitation !== undefined && known) {
      // The address of this page contains the token
      reply.header('referrer-policy', 'strict-origin')
      const invited = await known.find(invitation)
      if (!invited) throw new HttpError('LK_INVALID_TOKEN')
      // The login there accepts the invitation
      const home = users.domains?.requiredHomeOf(invited.identifier.value)
      if (home) return reply.redirect(home.href({ returnTo, uiLocales: localesOf(request) }), 303)
      return await pages.register(request, reply, { returnTo, values: { invitation } })
    }
    if (returnTo === null && await browser.session(request)) return reply.redirect(config.homePath, 303)
    if (config.registration === 'invite') throw new HttpError('LK_INVITATION_REQUIRED')
    return await pages.register(request, reply, { returnTo })
  })

  app.post('/register', {
    config: limit('registration'),
    schema: { tags, summary: 'Register on the page, and log in', ...form, body: RegisterForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const { body } = request
    const returnTo = localPath(body['return_to'])
    const form = pages.formOf(request)
    const preferences = preferredLanguages(request)
    const link = channels.mail ? links.own.verification : undefined
    const locale = askedLocale(preferences, mail)
    const registrant = { caller: callerOf(request), form, locale, preferences, link }
    const profile = users.profileFields?.fromForm(body)
    const { user, again, errors, authSession } = await users.register(profile ? { ...body, profile } : body, registrant)
    if (errors) return await pages.register(request, reply.code(422), { returnTo, values: body, errors })
    if (authSession !== undefined) {
      await pages.verify.remember(reply, authSession)
      return reply.redirect(withQuery(config.basePath + VERIFY_PAGE, { sent: '1', ...(returnTo !== null && { return_to: returnTo }) }), 303)
    }
    await browser.logIn(request, reply, again ?? { userId: user.id, passwordStamp: 0 }, false, form)
    return reply.redirect(browser.returnPath(body['return_to']), 303)
  })
}

export default register
