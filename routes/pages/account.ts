import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { showPage } from '../../src/schemas/pages.ts'

const account: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/account', {
    onRequest: app.authGuard('web'),
    schema: { tags: ['Pages'], summary: 'Who is logged in', response: showPage }
  }, async (request, reply) => await app.pages.home(request, reply, request.auth!.userId!))
}

export default account
