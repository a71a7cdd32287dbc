import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { JWKS_MAX_AGE } from '../../src/keys/key-ring.ts'
import { Metadata, ProtectedResource } from '../../src/schemas/discovery.ts'

const PUBLIC = { 'cache-control': `public, max-age=${JWKS_MAX_AGE}`, 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

const metadata: FastifyPluginAsyncTypebox = async (app) => {
  const { metadata, config } = app.latchkey

  for (const name of ['/openid-configuration', '/oauth-authorization-server']) {
    app.get(name, {
      schema: { tags: ['Discovery'], summary: 'What this server is and can (RFC 8414, OpenID Connect Discovery)', response: { 200: Metadata } }
    }, async (_request, reply) => reply.headers(PUBLIC).send(metadata))
  }

  app.get('/oauth-protected-resource', {
    schema: { tags: ['Discovery'], summary: 'How to get a token for this API (RFC 9728)', response: { 200: ProtectedResource } }
  }, async (_request, reply) => reply.headers(PUBLIC).send({
    resource: config.issuer,
    authorization_servers: [config.issuer],
    jwks_uri: metadata.jwks_uri,
    scopes_supported: metadata.scopes_supported,
    bearer_methods_supported: ['header']
  }))
}

export default metadata
