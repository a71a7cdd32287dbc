import type { AccessTokenClaims } from '../src/oauth/access-token.ts'
import { looksLikePersonalToken } from '../src/oauth/personal-token-form.ts'
import { covers } from '../src/oauth/scopes.ts'
import type { Profile } from '../src/users/ports.ts'

/** Who a request comes from. */
export type Auth = {
  /** A session's token, a client that acts for itself, a program with a personal access token, or a browser that is logged in. */
  kind: 'session' | 'client' | 'personal' | 'browser'
  /** Null for a client that acts for itself. */
  userId: string | null
  /** Null in a browser that is logged in. */
  clientId: string | null
  scopes: string[]
  /** Null for a client, and for a personal access token. */
  sessionId: string | null
  tokenId: string | null
  /** Whether the token has the scope. */
  can: (scope: string) => boolean
  /** The user, read when first asked for; null for a client. */
  user: () => Promise<Profile | null>
}

export type Facts = Omit<Auth, 'can' | 'user'>

export function factsOf ({ sub, client_id: clientId, scope, sid, jti }: AccessTokenClaims, token: string): Facts {
  const kind = sub === clientId ? 'client' : looksLikePersonalToken(token) ? 'personal' : 'session'
  return { kind, userId: kind === 'client' ? null : sub, clientId, scopes: scope ? scope.split(' ') : [], sessionId: sid ?? null, tokenId: jti }
}

export function createAuth ({ kind, userId, clientId, scopes, sessionId, tokenId }: Facts, readUser: () => Promise<Profile | null>): Auth {
  let user: Promise<Profile | null> | undefined
  return {
    kind,
    userId,
    clientId,
    scopes,
    sessionId,
    tokenId,
    can: (scope) => covers(scopes, scope),
    user: () => (user ??= userId === null ? Promise.resolve(null) : readUser())
  }
}
