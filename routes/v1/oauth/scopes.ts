import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ownerGuard } from '../../../plugins/guard/owner-guard.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { ScopeList } from '../../../src/schemas/management.ts'
import { internals } from '../../../plugins/internals.ts'

const scopes: FastifyPluginAsyncTypebox = async (app) => {
  const { oauth } = internals(app)

  app.get('/scopes', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'List scopes and what they allow',
      response: { 200: ScopeList, ...errors(401, 403, 503) }
    }
  }, async () => oauth.scopes.list())
}

export default scopes
