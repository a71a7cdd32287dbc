import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { validate as isUuid } from 'uuid'
import { ownerInPerson } from '../../plugins/browser/owner.ts'
import { callerOf } from '../../src/http/caller.ts'
import { ACCOUNT, ACTIONS } from '../../plugins/pages/account.ts'
import { afterForm, EndForm, form, showPage } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

type End = [path: string, summary: string, end: (id: string, userId: string, caller: ReturnType<typeof callerOf>) => unknown]

/** Lists what has access to the account and lets its user end it. An action on something that belongs to another user has no effect. */
const account: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { account, personalTokens, config } = internals(app)
  const owner = ownerInPerson(app)
  const guard = app.authGuard('web')

  app.get(ACCOUNT, {
    onRequest: guard,
    schema: { tags, summary: 'Account page: sessions, applications and tokens with access', response: showPage }
  }, async (request, reply) => {
    return await pages.account(request, reply, guard.auth(request))
  })

  const ends = [
    [
      ACTIONS.endSession,
      'End a session or a browser session',
      (id, userId, caller) => isUuid(id) ? account.access.end(id, userId, caller) : false
    ],
    [ACTIONS.endApp, 'Withdraw the access of an application', account.apps.end],
    ...(config.routes.personalTokens
      ? [
        [ACTIONS.endToken, 'Revoke a personal access token', (id, userId, caller) =>
          isUuid(id) ? personalTokens.revoke(id, userId, caller) : false] satisfies End
        ]
      : [])
  ] satisfies End[]

  // A GET of an action, from the address bar or after a login, leads to the page with the forms
  const actions = [...ends.map(([path]) => path), ...(config.routes.personalTokens ? [ACTIONS.createToken] : [])]
  for (const path of actions) {
    app.get(path, { schema: { hide: true } }, async (_request, reply) =>
      reply.redirect(config.basePath + ACCOUNT, 303))
  }

  for (const [path, summary, end] of ends) {
    app.post(path, { schema: { tags, summary, ...form, body: EndForm, response: afterForm } }, async (request, reply) => {
      await pages.checkCsrf(request, reply)
      const found = await owner(request)
      if (found) await end(request.body.id, found.userId, callerOf(request))
      return reply.redirect(config.basePath + ACCOUNT, 303)
    })
  }
}

export default account
