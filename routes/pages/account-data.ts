import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { DATA, EXPORT } from '../../plugins/pages/account-paths.ts'
import { logInAgain } from '../../plugins/pages/log-in-again.ts'
import { isRecent } from '../../src/account/step-up.ts'
import { showPage } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

const accountData: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { account, clock, config } = internals(app)
  const guard = app.authGuard('web')

  app.get(DATA, {
    onRequest: guard,
    schema: { tags, summary: 'Account page: export and deletion', response: showPage }
  }, async (request, reply) => await pages.accountData(request, reply, guard.auth(request)))

  app.get(EXPORT, {
    onRequest: guard,
    schema: { tags, summary: 'Download everything that is held about the user, after a login of the last 10 minutes', response: showPage }
  }, async (request, reply) => {
    const { userId, authTime } = guard.auth(request)
    if (!isRecent(authTime, clock.now())) {
      return logInAgain(reply, config, DATA)
    }
    const data = JSON.stringify(await account.exportAccount(userId) ?? {}, null, 2)
    return await reply.type('application/json; charset=utf-8').header('content-disposition', 'attachment; filename="account.json"').send(data)
  })
}

export default accountData
