import type { Client } from '../ports.ts'
import { isOnDevice } from '../../clients/redirect-uri.ts'

/** What a user has allowed a client: scopes at this server (null for none), and scopes at other resource servers by their URI. */
export type Consent = { scopes: string[] | null, resources: Record<string, string[]> }

/** What is requested; without resources it is for this server. */
export type RequestedAccess = { scopes: string[], resources: string[] }

/** For this server when there are no resources. `client` is as shown to the user. */
export type NewConsent = RequestedAccess & { userId: string, client: Pick<Client, 'id' | 'name' | 'redirectUris'> }

export type Consents = {
  /** Null when the user has never consented. */
  find: (userId: string, clientId: string) => Promise<Consent | null>
  /** @returns false when the client's name or redirect URIs have changed, so that it is no longer what the user allowed */
  add: (consent: NewConsent) => Promise<boolean>
}

/**
 * The scopes to ask the user about, or null when everything was allowed before. Consent is valid only for the resource servers it was given
 * for (RFC 9700 section 4.14.2).
 */
export function scopesToConfirm (given: Consent | null, { scopes, resources }: RequestedAccess): string[] | null {
  const lists = resources.length === 0 ? [given?.scopes] : resources.map((resource) => given?.resources[resource])
  if (lists.some((list) => !list)) return scopes
  const missing = scopes.filter((scope) => !lists.every((list) => list!.includes(scope)))
  return missing.length === 0 ? null : missing
}

/**
 * RFC 8252 section 8.6: a client without a secret can be impersonated by any program on the user's device, so an earlier consent proves
 * nothing.
 */
export function alwaysNeedsConsent ({ authMethod }: Pick<Client, 'authMethod'>, redirectUri: string): boolean {
  return authMethod === 'none' && isOnDevice(redirectUri)
}
