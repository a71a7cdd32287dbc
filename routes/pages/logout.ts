import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LOGOUT } from '../../plugins/pages/logout.ts'
import { afterForm, form, OpenParams, showPage } from '../../src/schemas/pages.ts'

const tags = ['Pages']

const logout: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app

  app.get(LOGOUT, {
    schema: { tags, summary: 'Logout page, which asks for confirmation', response: showPage }
  }, async (request, reply) => await pages.logout.begin(request, reply, {}))

  app.post(LOGOUT, {
    schema: { tags, summary: 'Log out on the page', ...form, body: OpenParams, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    return await pages.logout.finish(request, reply, request.body)
  })
}

export default logout
