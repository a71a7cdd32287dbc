import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { validate as isUuid } from 'uuid'
import { ownerOfForm } from '../../plugins/browser/owner.ts'
import type { Owner } from '../../src/account/owner.ts'
import { callerOf } from '../../src/http/caller.ts'
import { ACCOUNT, ACTIONS } from '../../plugins/pages/account-paths.ts'
import type { Ending } from '../../plugins/pages/account-end.ts'
import type { Notice } from '../../plugins/pages/notices.ts'
import { afterForm, EndForm, EndOthersForm, EndQuery, form, showPage } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

/** `end` returns what the page says afterwards. */
type End = {
  kind: Ending['kind'], path: string, summary: string
  end: (id: string, owner: Owner, caller: ReturnType<typeof callerOf>) => Promise<Notice>
}

/**
 * Lists what has access to the account and lets its user end it, after a question. An action on something that belongs to another user has
 * no effect.
 */
const account: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { account, personalTokens, config } = internals(app)
  const ownerOf = ownerOfForm(app)
  const guard = app.authGuard('web')
  const home = config.basePath + ACCOUNT

  app.get(ACCOUNT, {
    onRequest: guard,
    schema: { tags, summary: 'Account page: sessions, applications and tokens with access', response: showPage }
  }, async (request, reply) => {
    const who = guard.auth(request)
    return await pages.account(request, reply, who, { notice: pages.notices.take(request, reply, ACCOUNT, who.userId) })
  })

  const ends: End[] = [
    {
      kind: 'session', path: ACTIONS.endSession, summary: 'End a session or a browser session',
      end: async (id, { userId }, caller) => isUuid(id) && await account.access.end(id, userId, caller) ? 'sessionEnded' : 'goneAlready'
    },
    {
      kind: 'others', path: ACTIONS.endOthers, summary: 'Log out everywhere else',
      end: async (_id, { userId, sessionId }, caller) =>
        await account.access.endLogins(userId, sessionId, caller) ? 'othersEnded' : 'goneAlready'
    },
    {
      kind: 'app', path: ACTIONS.endApp, summary: 'Withdraw the access of an application',
      end: async (id, { userId }, caller) => {
        await account.apps.end(id, userId, caller)
        return 'appEnded'
      }
    },
    ...(config.routes.personalTokens
      ? [{
        kind: 'token', path: ACTIONS.endToken, summary: 'Revoke a personal access token',
        end: async (id, { userId }, caller) =>
          isUuid(id) && await personalTokens.revoke(id, userId, caller) ? 'tokenEnded' : 'goneAlready'
      } satisfies End]
      : [])
  ]

  for (const { kind, path, summary, end } of ends) {
    app.get(path, {
      onRequest: guard,
      schema: { tags, summary: `${summary}: asks first`, querystring: EndQuery, response: showPage }
    }, async (request, reply) => {
      const asked = await pages.accountEnd(request, reply, guard.auth(request), { kind, action: path, id: request.query.id ?? '' })
      return asked ?? reply.redirect(home, 303)
    })

    app.post(path, {
      schema: { tags, summary, ...form, body: kind === 'others' ? EndOthersForm : EndForm, response: afterForm }
    }, async (request, reply) => {
      const found = await ownerOf(request, reply)
      if (!found) return reply.redirect(home, 303)
      const id = request.body.id ?? ''
      if (request.body.ask !== undefined) return reply.redirect(`${config.basePath}${path}?${new URLSearchParams({ id })}`, 303)
      const notice = await end(id, found, callerOf(request))
      // Who has logged out here gets the login page, which says so itself
      if (id !== found.sessionId) pages.notices.keep(reply, ACCOUNT, found.userId, notice)
      return reply.redirect(home, 303)
    })
  }
}

export default account
