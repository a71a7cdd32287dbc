import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { validate as isUuid } from 'uuid'
import { ownerOfForm } from '../../plugins/browser/owner.ts'
import { limit } from '../../plugins/http/limits.ts'
import { CHANGE_PASSWORD, SECURITY } from '../../plugins/pages/account-paths.ts'
import { logInAgain } from '../../plugins/pages/answer.ts'
import { isRecent } from '../../src/account/owner.ts'
import { callerOf } from '../../src/http/caller.ts'
import { afterForm, ChangePasswordForm, form, HistoryQuery, showPage } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'

const tags = ['Pages']

const accountSecurity: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { clock, config, users } = internals(app)
  const ownerOf = ownerOfForm(app)
  const guard = app.authGuard('web')
  const home = config.basePath + SECURITY

  app.get(SECURITY, {
    onRequest: guard,
    schema: { tags, summary: 'Account page: password and security history', querystring: HistoryQuery, response: showPage }
  }, async (request, reply) => {
    const { before } = request.query
    const who = guard.auth(request)
    const notice = pages.notices.take(request, reply, SECURITY, who.userId)
    return await pages.accountSecurity(request, reply, who, { before: before !== undefined && isUuid(before) ? before : null, notice })
  })

  if (!config.routes.profile) return

  app.get(CHANGE_PASSWORD, { schema: { hide: true } }, async (_request, reply) => reply.redirect(home, 303))

  app.post(CHANGE_PASSWORD, {
    config: limit('password'),
    schema: { tags, summary: 'Change the password on the page', ...form, body: ChangePasswordForm, response: afterForm }
  }, async (request, reply) => {
    const found = await ownerOf(request, reply)
    if (!found) return reply.redirect(home, 303)
    const { userId, sessionId, authTime } = found
    const isFirst = !await users.records.hasPassword(userId)
    if (isFirst && !isRecent(authTime, clock.now())) return logInAgain(reply, config, SECURITY)
    const { current_password: current = '', new_password: next = '' } = request.body
    const errors = current === '' && !isFirst
      ? { current_password: ['required' as const] }
      : await users.changePassword({
        userId, sessionId, current, next, authTime, caller: callerOf(request), preferences: preferredLanguages(request)
      })
    if (errors) return await pages.accountSecurity(request, reply, found, { errors })
    pages.notices.keep(reply, SECURITY, userId, 'passwordChanged')
    return reply.redirect(home, 303)
  })
}

export default accountSecurity
