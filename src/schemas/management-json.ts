import type { Access } from '../account/access.ts'
import type { OwnedClient } from '../clients/management.ts'
import type { PersonalToken } from '../personal-tokens/ports.ts'
import type { AccessItem, OwnClient, PersonalTokenItem } from './management.ts'

/** @param current the session of the request */
export function accessJson (
  { id, kind, client, scopes, ip, userAgent, createdAt, lastUsedAt, expiresAt }: Access,
  current: string | null
): AccessItem {
  return {
    id,
    kind,
    client: client && { id: client.id, name: client.name, first_party: client.firstParty },
    scopes,
    ip,
    user_agent: userAgent,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt.toISOString(),
    expires_at: expiresAt.toISOString(),
    current: id === current
  }
}

export function ownClientJson (client: OwnedClient, now: number): OwnClient {
  const until = client.previousSecretUntil
  return {
    id: client.id,
    client_id: client.id,
    name: client.name,
    redirect_uris: client.redirectUris,
    grant_types: client.grantTypes,
    token_endpoint_auth_method: client.authMethod,
    scopes: client.scopes,
    confidential: client.authMethod !== 'none',
    refresh_grace: client.refreshGrace,
    refresh_token_in_body: client.refreshTokenInBody,
    previous_secret_until: until && until.getTime() > now ? until.toISOString() : null,
    created_at: client.createdAt.toISOString()
  }
}

export function personalTokenJson ({ id, name, scopes, clientId, createdAt, lastUsedAt, expiresAt }: PersonalToken): PersonalTokenItem {
  return {
    id,
    name,
    scopes,
    client_id: clientId,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
    expires_at: expiresAt?.toISOString() ?? null
  }
}
