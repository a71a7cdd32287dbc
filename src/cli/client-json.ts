import type { Client } from '../oauth/ports.ts'

/** The wire form of a client; names of RFC 7591 section 2 where there is one. */
export function clientJson (client: Pick<Client, 'id' | 'slug' | 'name' | 'grantTypes' | 'authMethod' | 'scopes' | 'defaultScopes' | 'firstParty' | 'proxy'>) {
  return {
    client_id: client.id,
    name: client.name,
    slug: client.slug,
    grant_types: client.grantTypes,
    token_endpoint_auth_method: client.authMethod,
    scopes: client.scopes,
    default_scopes: client.defaultScopes,
    first_party: client.firstParty,
    proxy: client.proxy
  }
}
