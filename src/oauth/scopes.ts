import { invalidScope } from './errors.ts'
import type { Client } from './ports.ts'

/** Given to a client by the operator only, by name: it sees which sessions and users are revoked. */
export const REVOCATIONS_READ = 'revocations:read'

/** Everything but what is reserved; first-party clients only. */
export const ANY = '*'

/** What the server itself gives a meaning: nobody registers them, and `*` covers none. */
const RESERVED = new Set([REVOCATIONS_READ])
// RFC 6749 section 3.3
const SCOPE = /^[\x20\x21\x23-\x5B\x5D-\x7E]*$/

/** Whom scopes are for, and what decides that. */
export type ScopeHolder = Pick<Client, 'scopes' | 'firstParty'>

export type Scopes = {
  /** The scopes that a client gets for what it asked. @throws OAuthError invalid_scope */
  grant: (client: Client, asked: string | undefined) => string[]
  /** For a grant without a user, where the operator's own scopes count too. */
  grantToMachine: (client: Client, asked: string | undefined) => string[]
  /** Whether the client may have a scope today. */
  mayHave: (client: ScopeHolder, scope: string) => boolean
  /**
   * Of what was granted, what the client may have today: a scope may have left SCOPES since, or the client's list.
   * Whatever is issued or told of a grant goes through here.
   */
  remaining: (client: ScopeHolder, granted: string[]) => string[]
  /** Every registered scope and what it allows. */
  list: () => { id: string, description: string }[]
}

/** @param registry scope → what it allows. @param inherit whether `orders` brings `orders:read` */
export function createScopes (registry: Record<string, string>, { inherit = false } = {}): Scopes {
  const registered = new Set(Object.keys(registry))
  const below = new Map(
    Object.keys(registry).map((scope) => [scope, inherit ? Object.keys(registry).filter((other) => other.startsWith(`${scope}:`)) : []])
  )
  // In the token, so that guards everywhere need not know of it
  const withInherited = (scopes: string[]) => inherit ? [...new Set(scopes.flatMap((scope) => [scope, ...below.get(scope) ?? []]))] : scopes

  function mayHave (client: ScopeHolder, scope: string): boolean {
    const listed = client.scopes.includes(scope) || (inherit && client.scopes.some((parent) => below.get(parent)?.includes(scope)))
    if (scope === ANY) return client.firstParty && listed
    return registered.has(scope) && (listed || client.scopes.includes(ANY))
  }

  function choose (client: Client, asked: string | undefined, allowed: (scope: string) => boolean): string[] {
    // What the operator gave as defaults and has since unregistered is left out; what a client asks for must all be allowed
    const scopes = parseScope(asked)
    if (scopes === null) return withInherited(client.defaultScopes.filter((scope) => scope !== ANY && allowed(scope)))
    const refused = scopes.find((scope) => !allowed(scope))
    if (refused !== undefined) throw invalidScope(`The scope ${refused} is unknown or not allowed for this client`)
    return withInherited(scopes)
  }

  function remaining (client: ScopeHolder, granted: string[]): string[] {
    const keeps = (scope: string) => mayHave(client, scope) || (isReserved(scope) && client.scopes.includes(scope))
    if (granted.every(keeps)) return granted
    // Everything, cut down to what the client has left
    if (granted.includes(ANY) && !keeps(ANY)) return Object.keys(registry).filter(keeps)
    return granted.filter(keeps)
  }

  return {
    mayHave,
    remaining,
    list: () => Object.entries(registry).map(([id, description]) => ({ id, description })),
    grant: (client, asked) => choose(client, asked, (scope) => mayHave(client, scope)),
    grantToMachine: (client, asked) => choose(client, asked, (scope) =>
      mayHave(client, scope) || (isReserved(scope) && client.scopes.includes(scope)))
  }
}

/** The scopes of a request, each once, however many spaces stand between them; null when it names none. @throws OAuthError invalid_scope */
export function parseScope (text: string | undefined): string[] | null {
  if (text === undefined) return null
  if (!SCOPE.test(text)) throw invalidScope('The scope must be names separated by spaces')
  const names = scopeNames([text])
  return names.length === 0 ? null : names
}

/** Names from a list whose entries may hold spaces, too, each once. */
export const scopeNames = (listed: readonly string[]): string[] => [...new Set(listed.flatMap((text) => text.split(' ').filter(Boolean)))]

/** RFC 6749 section 6: a refresh may narrow, for this access token only. `ofAny`: what `*` stands for. @throws OAuthError invalid_scope */
export function checkNarrowing (granted: string[], asked: string[] | null, ofAny: string[] | null): void {
  const extra = asked?.find((scope) => !granted.includes(scope) && !(granted.includes(ANY) && ofAny?.includes(scope)))
  if (extra !== undefined) throw invalidScope(`The scope ${extra} was not granted to this session`)
}

/** Whether a token with these scopes may do what `needed` names; `*` may do everything but what is reserved. */
export function covers (scopes: readonly string[], needed: string): boolean {
  return scopes.includes(needed) || (scopes.includes(ANY) && !RESERVED.has(needed))
}

/** Reserved for clients that act for themselves. */
const isReserved = (scope: string): boolean => RESERVED.has(scope)

/**
 * Whether a client is a guard elsewhere: it follows the revocations, and asks about the tokens that it is shown. Clients of users never
 * are.
 */
export const followsRevocations = (client: Pick<Client, 'scopes' | 'grantTypes'> | null): boolean =>
  client !== null && client.scopes.includes(REVOCATIONS_READ) && client.grantTypes.includes('client_credentials')

/** Names of SCOPES that have a meaning already. */
export const unregistrable = (names: string[]): string[] => names.filter((name) => name === ANY || RESERVED.has(name))
