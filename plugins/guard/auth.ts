import type { AccessTokenClaims } from '../../src/oauth/token/access-token.ts'
import { covers } from '../../src/oauth/scopes.ts'
import type { Profile } from '../../src/users/ports.ts'

type Common = {
  scopes: string[]
  /** Whether the token has the scope. */
  can: (scope: string) => boolean
  /**
   * When the user proved who they are; a refresh does not change it. Null for personal access tokens, clients, and access tokens of
   * versions that did not state it.
   */
  authTime: Date | null
  /** How (RFC 8176), such as `pwd`. */
  amr: string[]
}

type OfUser = Common & {
  userId: string
  /** Reads the user at the first call; null once the user is deleted. */
  user: () => Promise<Profile | null>
}

/** A user, by the access token of an application in which they logged in. */
export type SessionAuth = OfUser & { kind: 'session', clientId: string, sessionId: string, tokenId: string }

/** A user, by a personal access token. */
export type PersonalAuth = OfUser & { kind: 'personal', clientId: string, sessionId: null, tokenId: string }

/** A user with a browser session. */
export type BrowserAuth = OfUser & { kind: 'browser', clientId: null, sessionId: string, tokenId: null }

/** A client that acts for itself (RFC 6749 section 4.4). */
export type ClientAuth = Common & {
  kind: 'client', userId: null, clientId: string, sessionId: null, tokenId: string,
  user: () => Promise<null>
}

/** The principal of a request; `kind` tells which. */
export type Auth = SessionAuth | PersonalAuth | BrowserAuth | ClientAuth

type Without<Who> = Who extends Auth ? Omit<Who, 'can' | 'user'> : never

/** The part of the principal that follows from the token alone, without a query. */
export type Facts = Without<Auth>

/**
 * @param isPersonal whether the token is a personal access token
 * @returns null for claims that are in none of our tokens
 */
export function factsOf (
  { sub, client_id: clientId, scope, sid, jti: tokenId, auth_time: authTime, amr = [] }: AccessTokenClaims,
  isPersonal: boolean
): Without<SessionAuth | PersonalAuth | ClientAuth> | null {
  const scopes = scope ? scope.split(' ') : []
  if (sub === clientId) return { kind: 'client', userId: null, clientId, scopes, sessionId: null, tokenId, authTime: null, amr: [] }
  if (isPersonal) return { kind: 'personal', userId: sub, clientId, scopes, sessionId: null, tokenId, authTime: null, amr: [] }
  if (sid === undefined) return null
  return {
    kind: 'session', userId: sub, clientId, scopes, sessionId: sid, tokenId, amr,
    authTime: authTime === undefined ? null : new Date(authTime * 1000)
  }
}

/** @param readUser called at most once */
export function createAuth (facts: Facts, readUser: () => Promise<Profile | null>): Auth {
  let user: Promise<Profile | null> | undefined
  return {
    ...facts,
    can: (scope: string) => covers(facts.scopes, scope),
    user: () => (user ??= facts.userId === null ? Promise.resolve(null) : readUser())
  } as Auth
}
