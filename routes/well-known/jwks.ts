import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { forEverybody } from '../../plugins/http/public-document.ts'
import { Jwks } from '../../src/schemas/jwks.ts'
import { internals } from '../../plugins/internals.ts'

const jwks: FastifyPluginAsyncTypebox = async (app) => {
  const { keys } = internals(app)

  app.get('/jwks.json', {
    schema: {
      tags: ['Discovery'],
      summary: 'Public keys (RFC 7517)',
      response: { 200: Jwks }
    }
  }, async (_request, reply) => forEverybody(reply).send(keys.jwks() as Jwks))
}

export default jwks
