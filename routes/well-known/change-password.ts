import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { SECURITY } from '../../plugins/pages/account-paths.ts'
import { internals } from '../../plugins/internals.ts'

/** Password managers open it: https://w3c.github.io/webappsec-change-password-url/ */
const changePassword: FastifyPluginAsyncTypebox = async (app) => {
  const { config } = internals(app)

  app.get('/change-password', {
    schema: {
      tags: ['Account'], summary: 'Redirect to the page on which users change their password',
      response: { 302: Type.Null({ description: 'To the page' }) }
    }
  }, async (_request, reply) => reply.header('cache-control', 'no-store').redirect(config.basePath + SECURITY, 302))
}

export default changePassword
