import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../src/http/caller.ts'
import { limit } from '../../plugins/http/limits.ts'
import { afterForm, ForgotForm, ForgotQuery, form, showPage } from '../../src/schemas/pages.ts'
import { FORGOT_PAGE } from '../../src/verification/links.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

const forgotPassword: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { config, users: { domains }, verification: { links, requests } } = internals(app)

  app.get(FORGOT_PAGE, {
    schema: { tags, summary: 'Page that asks for a link to set a new password', querystring: ForgotQuery, response: showPage }
  }, async (request, reply) => await pages.password.forgot(request, reply, { sent: request.query.sent !== undefined }))

  app.post(FORGOT_PAGE, {
    config: limit('message'),
    schema: { tags, summary: 'Mail a link to set a new password', ...form, body: ForgotForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const { email = '' } = request.body
    if (email.trim() === '') return await pages.password.forgot(request, reply.code(422), { errors: { email: ['required'] } })
    // By the domain alone: nothing tells whether there is an account
    const home = domains?.requiredHomeOf(email)
    if (home) return reply.redirect(home.href(), 303)
    await requests.resetPassword(email, links.own.reset, callerOf(request))
    return reply.redirect(`${config.basePath}${FORGOT_PAGE}?sent=1`, 303)
  })
}

export default forgotPassword
