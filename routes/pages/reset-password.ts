import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../src/http/caller.ts'
import { limit } from '../../plugins/http/limits.ts'
import { afterForm, form, ResetForm, ResetQuery, showPage } from '../../src/schemas/pages.ts'
import { RESET_PAGE } from '../../src/verification/links.ts'
import { internals } from '../../plugins/internals.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'

const tags = ['Pages']

/** What the link of a mail, or of an operator, leads to. */
const resetPassword: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { config, verification: { newPassword } } = internals(app)

  app.get(RESET_PAGE, {
    schema: { tags, summary: 'Page to set a new password', querystring: ResetQuery, response: showPage }
  }, async (request, reply) => {
    const { token = '', done, removed, undone } = request.query
    if (done !== undefined) return await pages.password.done(request, reply)
    return await pages.password.reset(request, reply, { token, removed: removed !== undefined, undone: undone !== undefined })
  })

  app.post(RESET_PAGE, {
    config: limit('password'),
    schema: { tags, summary: 'Set a new password by a link', ...form, body: ResetForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const { token = '', password = '', removed, undone } = request.body
    const state = { token, removed: removed !== undefined, undone: undone !== undefined }
    if (password === '') return await pages.password.reset(request, reply.code(422), { ...state, errors: { password: ['required'] } })
    const { badToken, errors } = await newPassword.set({
      token, password, caller: callerOf(request), preferences: preferredLanguages(request)
    })
    if (errors) return await pages.password.reset(request, reply.code(422), { ...state, errors })
    if (badToken) return await pages.password.reset(request, reply, { token: '' })
    return reply.redirect(`${config.basePath}${RESET_PAGE}?done=1`, 303)
  })
}

export default resetPassword
