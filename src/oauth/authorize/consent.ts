import type { Client } from '../ports.ts'
import { isOnDevice } from '../../clients/redirect-uri.ts'

/** What a user has allowed a client: scopes at this server, null for nothing, and at others by their address. */
export type Consent = { scopes: string[] | null, resources: Record<string, string[]> }

/** What is asked for; without resources it is for this server. */
export type Wish = { scopes: string[], resources: string[] }

/**
 * The scopes to ask the user about, or null when nothing is left to ask: a consent is for the servers that it was given for, and for no
 * others (RFC 9700 section 4.14.2).
 */
export function toBeAsked (given: Consent | null, { scopes, resources }: Wish): string[] | null {
  const lists = resources.length === 0 ? [given?.scopes] : resources.map((resource) => given?.resources[resource])
  if (lists.some((list) => !list)) return scopes
  const missing = scopes.filter((scope) => !lists.every((list) => list!.includes(scope)))
  return missing.length === 0 ? null : missing
}

/**
 * RFC 8252 section 8.6: without a secret, any program on the user's device can pose as this one, so that what the user once said tells
 * nothing.
 */
export function isAlwaysAsked ({ authMethod }: Pick<Client, 'authMethod'>, redirectUri: string): boolean {
  return authMethod === 'none' && isOnDevice(redirectUri)
}
