import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { JWKS_MAX_AGE } from '../../src/keys/key-ring.ts'
import { Jwks } from '../../src/schemas/jwks.ts'

const jwks: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/jwks.json', {
    schema: {
      tags: ['Discovery'],
      summary: 'Public keys (RFC 7517)',
      response: { 200: Jwks }
    }
  }, async (_request, reply) => {
    return reply
      .header('cache-control', `public, max-age=${JWKS_MAX_AGE}`)
      .header('access-control-allow-origin', '*')
      .header('cross-origin-resource-policy', 'cross-origin')
      .send(app.latchkey.keys.jwks() as Jwks)
  })
}

export default jwks
