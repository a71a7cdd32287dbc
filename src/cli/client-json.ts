import type { Client } from '../oauth/ports.ts'

/** The wire form of a client, with the names of RFC 7591 section 2 where they exist. */
export function clientJson (client: Client) {
  return {
    client_id: client.id,
    name: client.name,
    slug: client.slug,
    grant_types: client.grantTypes,
    token_endpoint_auth_method: client.authMethod,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    scopes: client.scopes,
    default_scopes: client.defaultScopes,
    first_party: client.firstParty,
    proxy: client.proxy,
    trusted_proxy: client.trustedProxy,
    skip_consent: client.skipsConsent,
    pkce_optional: client.pkceOptional,
    id_token_signed_response_alg: client.idTokenAlg,
    access_token_ttl: client.accessTokenTtl,
    introspects: client.introspects,
    resource_servers: client.resourceServers,
    refresh_grace: client.refreshGrace,
    refresh_token_in_body: client.refreshTokenInBody,
    user_id: client.ownerId
  }
}
