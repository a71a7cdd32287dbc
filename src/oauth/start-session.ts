import { v7 as uuidv7 } from 'uuid'
import type { AccessTokens } from './access-token.ts'
import { invalidGrant } from './errors.ts'
import type { Issued } from './grants/index.ts'
import type { Client, Caller, Sessions, SignedIn } from './ports.ts'
import type { RefreshTokens } from './refresh-token.ts'
import { hashSecret } from './secrets.ts'
import { tokenResponse } from './token-response.ts'

/** Makes a session for a user and answers with its tokens. @throws OAuthError invalid_grant when the user changed meanwhile */
export type StartSession = (client: Client, user: SignedIn, scopes: string[], caller: Caller) => Promise<Issued>

type Dependencies = {
  sessions: Sessions
  accessTokens: AccessTokens
  refreshTokens: RefreshTokens
  /** Seconds. */
  sessionTtl: number
  idleTtl: number
}

export function createStartSession ({ sessions, accessTokens, refreshTokens, sessionTtl, idleTtl }: Dependencies): StartSession {
  return async (client, user, scopes, caller) => {
    const id = uuidv7()
    const secret = refreshTokens.newSecret()
    const made = await sessions.create({
      id, ...user, clientId: client.id, scopes, resources: [], secretHash: hashSecret(secret), ttl: sessionTtl, caller
    })
    if (!made) throw invalidGrant('The user credentials were incorrect', { reason: 'the user or the client changed during the login' })
    const access = accessTokens.forSession(client, { sessionId: id, userId: user.userId, scopes, resources: [], generation: 0, oidc: null, ...made }, scopes)
    const about = { clientId: client.id, userId: user.userId, sessionId: id }
    if (!client.grantTypes.includes('refresh_token')) return { body: tokenResponse(access, scopes), about }
    return {
      about,
      body: tokenResponse(access, scopes, refreshTokens.encode({ sessionId: id, generation: 0, secret })),
      refreshTokenExpiresIn: Math.min(idleTtl, sessionTtl)
    }
  }
}
