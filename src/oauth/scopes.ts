import { invalidScope } from './errors.ts'
import type { Client } from './ports.ts'

/** Granted to a client by the operator only, and by name: it exposes which sessions and users are revoked. */
export const REVOCATIONS_READ = 'revocations:read'

/** Granted in the same way: sends mails with invitations to register. */
export const USERS_INVITE = 'users:invite'

/** Every scope that is not reserved; for first-party clients only. */
export const ANY = '*'

/** Scopes with a meaning to the server itself: they cannot be registered, and `*` covers none of them. */
const RESERVED = new Set([REVOCATIONS_READ, USERS_INVITE])
// RFC 6749 section 3.3
const SCOPE = /^[\x20\x21\x23-\x5B\x5D-\x7E]*$/

/** What decides which scopes a client may have. */
export type ScopeHolder = Pick<Client, 'scopes' | 'firstParty'>

export type Scopes = {
  /**
   * The scopes granted to a client for its request.
   * @throws OAuthError invalid_scope
   */
  grant: (client: Client, requested: string | undefined) => string[]
  /** For a grant without a user, in which reserved scopes are allowed as well. */
  grantToMachine: (client: Client, requested: string | undefined) => string[]
  /** Whether the client may currently have a scope. */
  mayHave: (client: ScopeHolder, scope: string) => boolean
  /**
   * Reduces granted scopes to those the client may still have, since a scope may have been removed from SCOPES or from the client's list.
   * Everything that is issued or reported about a grant passes through here.
   */
  remaining: (client: ScopeHolder, granted: string[]) => string[]
  /** Every registered scope with its description. */
  list: () => { id: string, description: string }[]
}

/**
 * @param registry maps a scope to its description
 * @param inherit whether `orders` includes `orders:read`
 */
export function createScopes (registry: Record<string, string>, { inherit = false } = {}): Scopes {
  const registered = new Set(Object.keys(registry))
  const below = new Map(
    Object.keys(registry).map((scope) => [scope, inherit ? Object.keys(registry).filter((other) => other.startsWith(`${scope}:`)) : []])
  )
  // Written into the token, so that guards need not know the inheritance rule
  const withInherited = (scopes: string[]) => inherit ? [...new Set(scopes.flatMap((scope) => [scope, ...below.get(scope) ?? []]))] : scopes

  function mayHave (client: ScopeHolder, scope: string): boolean {
    const listed = client.scopes.includes(scope) || (inherit && client.scopes.some((parent) => below.get(parent)?.includes(scope)))
    if (scope === ANY) return client.firstParty && listed
    return registered.has(scope) && (listed || client.scopes.includes(ANY))
  }

  function choose (client: Client, requested: string | undefined, allowed: (scope: string) => boolean): string[] {
    // Default scopes that are no longer registered are left out, whereas each requested scope must be allowed
    const scopes = parseScope(requested)
    if (scopes === null) return withInherited(client.defaultScopes.filter((scope) => scope !== ANY && allowed(scope)))
    const refused = scopes.find((scope) => !allowed(scope))
    if (refused !== undefined) throw invalidScope(`The scope ${refused} is unknown or not allowed for this client`)
    return withInherited(scopes)
  }

  function remaining (client: ScopeHolder, granted: string[]): string[] {
    const keeps = (scope: string) => mayHave(client, scope) || (isReserved(scope) && client.scopes.includes(scope))
    if (granted.every(keeps)) return granted
    // `*` was granted but is no longer allowed: reduce it to the scopes the client still has
    if (granted.includes(ANY) && !keeps(ANY)) return Object.keys(registry).filter(keeps)
    return granted.filter(keeps)
  }

  return {
    mayHave,
    remaining,
    list: () => Object.entries(registry).map(([id, description]) => ({ id, description })),
    grant: (client, requested) => choose(client, requested, (scope) => mayHave(client, scope)),
    grantToMachine: (client, requested) => choose(client, requested, (scope) =>
      mayHave(client, scope) || (isReserved(scope) && client.scopes.includes(scope)))
  }
}

/**
 * The scopes of a request, without duplicates and extra spaces; null when it names none.
 * @throws OAuthError invalid_scope
 */
export function parseScope (text: string | undefined): string[] | null {
  if (text === undefined) return null
  if (!SCOPE.test(text)) throw invalidScope('The scope must be names separated by spaces')
  const names = scopeNames([text])
  return names.length === 0 ? null : names
}

/** Distinct names from a list whose entries may themselves contain spaces. */
export const scopeNames = (listed: readonly string[]): string[] => [...new Set(listed.flatMap((text) => text.split(' ').filter(Boolean)))]

/**
 * RFC 6749 section 6: a refresh may narrow the scopes of this access token. `ofAny`: what `*` stands for.
 * @throws OAuthError invalid_scope
 */
export function checkNarrowing (granted: string[], requested: string[] | null, ofAny: string[] | null): void {
  const extra = requested?.find((scope) => !granted.includes(scope) && !(granted.includes(ANY) && ofAny?.includes(scope)))
  if (extra !== undefined) throw invalidScope(`The scope ${extra} was not granted to this session`)
}

/** Whether a token with these scopes satisfies `needed`; `*` satisfies everything that is not reserved. */
export function covers (scopes: readonly string[], needed: string): boolean {
  return scopes.includes(needed) || (scopes.includes(ANY) && !RESERVED.has(needed))
}

/** Reserved for clients that act for themselves. */
const isReserved = (scope: string): boolean => RESERVED.has(scope)

/** Whether a client is a remote guard, which follows the revocations and introspects the tokens it is shown. Clients of users never are. */
export const followsRevocations = (client: Pick<Client, 'scopes' | 'grantTypes'> | null): boolean =>
  client !== null && client.scopes.includes(REVOCATIONS_READ) && client.grantTypes.includes('client_credentials')

/** Whether a client that acts for itself may invite people. */
export const invites = (client: Pick<Client, 'scopes' | 'grantTypes'> | null): boolean =>
  client !== null && client.scopes.includes(USERS_INVITE) && client.grantTypes.includes('client_credentials')

/** Names in SCOPES that already have a meaning. */
export const unregistrable = (names: string[]): string[] => names.filter((name) => name === ANY || RESERVED.has(name))
