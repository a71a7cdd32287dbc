import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ownerOfForm } from '../../plugins/browser/owner.ts'
import { limit } from '../../plugins/http/limits.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'
import { DATA, DELETE_ACCOUNT, DELETED, EXPORT } from '../../plugins/pages/account-paths.ts'
import { logInAgain } from '../../plugins/pages/answer.ts'
import { NOBODY } from '../../plugins/pages/shown-once.ts'
import { isRecent } from '../../src/account/owner.ts'
import { callerOf } from '../../src/http/caller.ts'
import { afterForm, form, LanguageQuery, OnlyCsrf, showPage } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

const accountData: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { account, browser, clock, config } = internals(app)
  const ownerOf = ownerOfForm(app)
  const guard = app.authGuard('web')

  app.get(DATA, {
    onRequest: guard,
    schema: { tags, summary: 'Account page: export and deletion', response: showPage }
  }, async (request, reply) => await pages.accountData(request, reply, guard.auth(request)))

  app.get(EXPORT, {
    onRequest: guard,
    schema: { tags, summary: 'Download everything that is held about the user, after a login of the last 10 minutes', response: showPage }
  }, async (request, reply) => {
    const { authTime } = guard.auth(request)
    if (!isRecent(authTime, clock.now())) return logInAgain(reply, config, DATA)
    const { userId } = await account.findOwner(guard.auth(request))
    const data = JSON.stringify(await account.exportAccount(userId) ?? {}, null, 2)
    return await reply.type('application/json; charset=utf-8').header('content-disposition', 'attachment; filename="account.json"').send(data)
  })

  app.get(DELETE_ACCOUNT, {
    onRequest: guard,
    schema: { tags, summary: 'Ask before the account is deleted, after a login of the last 10 minutes', querystring: LanguageQuery, response: showPage }
  }, async (request, reply) => {
    const who = guard.auth(request)
    if (!isRecent(who.authTime, clock.now())) return logInAgain(reply, config, DELETE_ACCOUNT)
    return await pages.accountDelete(request, reply, who)
  })

  app.post(DELETE_ACCOUNT, {
    config: limit('password'),
    schema: { tags, summary: 'Delete the account on the page', ...form, body: OnlyCsrf, response: afterForm }
  }, async (request, reply) => {
    const owner = await ownerOf(request, reply)
    if (!owner) return reply.redirect(config.basePath + DATA, 303)
    if (!isRecent(owner.authTime, clock.now())) return logInAgain(reply, config, DELETE_ACCOUNT)
    const outcome = await account.deletion.request(owner, { caller: callerOf(request), preferences: preferredLanguages(request) })
    if (!outcome) return reply.redirect(config.basePath + DATA, 303)
    if ('errors' in outcome) return await pages.accountDelete(request, reply, owner, outcome)
    browser.forget(reply)
    pages.shownOnce.keep(reply, DELETED, NOBODY, outcome.at.toISOString())
    return reply.redirect(config.basePath + DELETED, 303)
  })
}

export default accountData
