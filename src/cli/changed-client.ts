import type { ClientChanges } from '../clients/clients.store.ts'
import type { Config } from '../config/config.ts'
import { MAX_TTL } from '../config/settings.ts'
import type { Client } from '../oauth/ports.ts'
import {
  checkName, checkRedirects, checkSlug, checkUris, grantKind, idTokenAlgOf, introspectionOf, pkceOptionalOf, scopesOf,
  type Kind
} from './new-client.ts'

/** False removes a setting; `default` is the server's setting. */
export type ClientUpdate = {
  name?: string
  slug?: string | false
  redirectUri?: string[]
  postLogoutRedirectUri?: string[] | false
  scope?: string[]
  defaultScope?: string[] | false
  proxy?: boolean
  trustedProxy?: boolean
  refreshTokenInBody?: boolean
  accessTokenTtl?: number | 'default'
  refreshGrace?: number | 'default'
  firstParty?: boolean
  skipConsent?: boolean
  pkceOptional?: boolean
  idTokenAlg?: string
  introspect?: boolean
  resourceServer?: string[] | false
}

/**
 * The changes of an update, by the rules of new clients: an update must not produce a client that could not have been created.
 * @throws Error that says what to change
 */
export function changesOf (
  client: Client,
  requested: ClientUpdate,
  { scopes, resourceServers }: Pick<Config, 'scopes' | 'resourceServers'>
): ClientChanges {
  if (client.revokedAt) throw new Error(`The client ${client.id} is revoked`)
  const kind = grantKind(client.grantTypes)
  const changes: ClientChanges = {
    ...(requested.name !== undefined && { name: checkName(requested.name) }),
    ...(requested.slug !== undefined && { slug: requested.slug === false ? null : requested.slug }),
    ...redirects(kind, client, requested),
    ...scopeChanges(kind, client, requested, scopes),
    ...seconds('--access-token-ttl', 'accessTokenTtl', requested.accessTokenTtl, 1),
    ...seconds('--refresh-grace', 'refreshGrace', requested.refreshGrace, 0),
    ...flag('proxy', requested.proxy),
    ...flag('trustedProxy', requested.trustedProxy),
    ...flag('refreshTokenInBody', requested.refreshTokenInBody),
    ...parties(kind, client, requested),
    ...(requested.pkceOptional !== undefined && { pkceOptional: pkceOptionalOf(kind, client.authMethod, requested) }),
    ...idTokenAlgOf(requested),
    ...introspectionOf(kind, client.authMethod, {
      ...(requested.introspect !== undefined && { introspect: requested.introspect }),
      ...(requested.resourceServer !== undefined && { resourceServer: requested.resourceServer || [] })
    }, [...resourceServers, ...client.resourceServers])
  }
  if (Object.keys(changes).length === 0) throw new Error('nothing to change; `npx latchkey clients update --help` lists the options')
  const { slug, proxy, trustedProxy } = { ...client, ...changes }
  checkSlug(kind, { proxy, trustedProxy, ...(slug !== null && { slug }) })
  return changes
}

function redirects (kind: Kind, client: Client, { redirectUri, postLogoutRedirectUri, proxy = client.proxy }: ClientUpdate): ClientChanges {
  if (redirectUri) checkRedirects(kind, { proxy }, `a client for ${kind}`)
  return {
    ...(redirectUri && { redirectUris: checkUris('--redirect-uri', redirectUri) }),
    ...(postLogoutRedirectUri !== undefined &&
      { postLogoutRedirectUris: checkUris('--post-logout-redirect-uri', postLogoutRedirectUri || []) })
  }
}

/** Scopes that the client already has need not be registered any more. */
function scopeChanges (kind: Kind, client: Client, { scope, defaultScope }: ClientUpdate, own: Config['scopes']): ClientChanges {
  if (scope === undefined && defaultScope === undefined) return {}
  const registered = { ...own, ...Object.fromEntries([...client.scopes, ...client.defaultScopes].map((name) => [name, ''])) }
  const { scopes, defaultScopes } = scopesOf(kind, {
    scope: scope ?? client.scopes,
    defaultScope: defaultScope === false ? [] : defaultScope ?? client.defaultScopes
  }, registered)
  return { ...(scope && { scopes }), ...(defaultScope !== undefined && { defaultScopes }) }
}

/** Only first-party clients may skip consent. */
function parties (kind: Kind, client: Client, { firstParty, skipConsent }: ClientUpdate): ClientChanges {
  if (firstParty === false && (kind === 'password' || kind === 'personal')) {
    throw new Error(`--no-first-party does not go with a client for ${kind}: it is for your own applications`)
  }
  if (firstParty === false && (skipConsent ?? client.skipsConsent)) {
    throw new Error('--no-first-party needs --no-skip-consent: users of a third-party application are asked for consent')
  }
  return { ...flag('firstParty', skipConsent ? true : firstParty), ...flag('skipsConsent', skipConsent) }
}

function seconds<Name extends 'accessTokenTtl' | 'refreshGrace'> (
  option: string,
  name: Name,
  value: number | 'default' | undefined,
  min: number
): ClientChanges {
  if (value === undefined) return {}
  if (value !== 'default' && (value < min || value > MAX_TTL)) throw new Error(`${option} must be ${min} to ${MAX_TTL} seconds, or default`)
  return { [name]: value === 'default' ? null : value }
}

function flag (name: keyof ClientChanges, value: boolean | undefined): ClientChanges {
  return value === undefined ? {} : { [name]: value }
}
