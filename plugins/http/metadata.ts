import type { FastifyInstance } from 'fastify'
import { Metadata, ProtectedResource } from '../../src/schemas/discovery.ts'
import { warnOfOtherHost } from './follow-port.ts'
import { forEverybody } from './public-document.ts'
import { internals } from '../internals.ts'

const tags = ['Discovery']

/**
 * Serves the metadata. RFC 8414 section 3.1 and RFC 9728 section 3.1 put the path of the issuer after the well-known name (`suffix`),
 * OpenID Connect Discovery section 4 puts it before: clients request both. It is no file of `routes/`, whose files are each served once,
 * under the prefix: with a prefix the metadata is served twice, the second time outside of it.
 */
export function serveMetadata (scope: FastifyInstance, { suffix = '', hide = false }: { suffix?: string, hide?: boolean } = {}): void {
  const { config, oidc: { metadata } } = internals(scope)
  const checkHost = warnOfOtherHost(config)

  // OpenID Connect Discovery section 3 requires an authorization endpoint
  for (const name of [...(config.routes.pages ? ['openid-configuration'] : []), 'oauth-authorization-server']) {
    scope.get(`/.well-known/${name}${suffix}`, {
      schema: { hide, tags, summary: 'Metadata of the server (RFC 8414, OpenID Connect Discovery)', response: { 200: Metadata } }
    }, async (request, reply) => {
      checkHost(request)
      return forEverybody(reply).send(metadata())
    })
  }

  scope.get(`/.well-known/oauth-protected-resource${suffix}`, {
    schema: { hide, tags, summary: 'Metadata of this API as a protected resource (RFC 9728)', response: { 200: ProtectedResource } }
  }, async (_request, reply) => forEverybody(reply).send({
    resource: config.issuer,
    authorization_servers: [config.issuer],
    jwks_uri: metadata().jwks_uri,
    scopes_supported: metadata().scopes_supported,
    bearer_methods_supported: ['header']
  }))
}
