import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ACCOUNT, DELETED, RESTORE } from '../../plugins/pages/account-paths.ts'
import { NOBODY } from '../../plugins/pages/shown-once.ts'
import { localPath } from '../../src/http/return-to.ts'
import { afterForm, form, LanguageQuery, RestoreForm, RestoreQuery, showPage } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

/** Where a login leads during the days of grace. */
const restore: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, config } = internals(app)

  app.get(RESTORE, {
    schema: { tags, summary: 'Ask whether an account that will be deleted is to be restored', querystring: RestoreQuery, response: showPage }
  }, async (request, reply) => await pages.restore.show(request, reply, localPath(request.query.return_to)))

  app.post(RESTORE, {
    schema: { tags, summary: 'Restore the account, and log in', ...form, body: RestoreForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const decided = await pages.restore.decide(request, reply, request.body.decision)
    if (!decided) return reply.redirect(config.loginPath, 303)
    if (decided.outcome === 'left') {
      pages.shownOnce.keep(reply, DELETED, NOBODY, decided.at.toISOString())
      return reply.redirect(config.basePath + DELETED, 303)
    }
    const target = browser.returnPath(request.body.return_to)
    if (target === config.basePath + ACCOUNT) pages.notices.keep(reply, ACCOUNT, decided.userId, 'restored')
    return reply.redirect(target, 303)
  })

  app.get(DELETED, {
    schema: { tags, summary: 'Say that the account will be deleted, once', querystring: LanguageQuery, response: showPage }
  }, async (request, reply) => {
    const at = pages.shownOnce.take(request, reply, DELETED, NOBODY)
    return await (at === null ? reply.redirect(config.loginPath, 303) : pages.restore.done(request, reply, new Date(at)))
  })
}

export default restore
