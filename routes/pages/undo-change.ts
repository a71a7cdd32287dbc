import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../src/http/caller.ts'
import { limit } from '../../plugins/http/limits.ts'
import { withQuery } from '../../src/http/front-end-url.ts'
import { afterForm, form, showPage, UndoForm, UndoQuery } from '../../src/schemas/pages.ts'
import { RESET_PAGE, UNDO_PAGE } from '../../src/verification/links.ts'
import { internals } from '../../plugins/internals.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'

const tags = ['Pages']

/** What the link of a notice leads to: a change of what the user logs in with is undone. */
const undoChange: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { config, verification: { undo } } = internals(app)

  app.get(UNDO_PAGE, {
    schema: { tags, summary: 'Page to undo a change, by the link of a mail: one button', querystring: UndoQuery, response: showPage }
  }, async (request, reply) => {
    const { token = '', done } = request.query
    return await (done === undefined ? pages.undo.show(request, reply, { token }) : pages.undo.done(request, reply))
  })

  app.post(UNDO_PAGE, {
    config: limit('password'),
    schema: { tags, summary: 'Undo a change, and go on to a new password', ...form, body: UndoForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const { token = '' } = request.body
    const undone = await undo.undo({ token, caller: callerOf(request), preferences: preferredLanguages(request) })
    if (!undone) return await pages.undo.show(request, reply, { token })
    const next = undone.resetToken === null
      ? withQuery(config.basePath + UNDO_PAGE, { done: '1' })
      : withQuery(config.basePath + RESET_PAGE, { token: undone.resetToken, undone: '1' })
    return reply.redirect(next, 303)
  })
}

export default undoChange
