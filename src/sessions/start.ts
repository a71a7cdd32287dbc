import { v7 as uuidv7 } from 'uuid'
import { invalidGrant } from '../oauth/errors.ts'
import type { Issued } from '../oauth/token/grants/index.ts'
import type { IssueTokens } from '../oauth/token/issue-tokens.ts'
import type { Caller, Client, Sessions, SignedIn } from '../oauth/ports.ts'
import type { RefreshTokens } from './refresh-token.ts'
import { hashSecret } from '../crypto/secrets.ts'

/**
 * Creates a session for a user and issues its tokens.
 * @throws OAuthError invalid_grant when the user has changed since the password was checked
 */
export type StartSession = (client: Client, user: SignedIn, scopes: string[], resources: string[], caller: Caller) => Promise<Issued>

type Dependencies = {
  sessions: Sessions
  refreshTokens: RefreshTokens
  issueTokens: IssueTokens
  /** Seconds. */
  sessionTtl: number
  idleTtl: number
}

export function createStartSession ({ sessions, refreshTokens, issueTokens, sessionTtl, idleTtl }: Dependencies): StartSession {
  return async (client, user, scopes, resources, caller) => {
    const id = uuidv7()
    const secret = refreshTokens.newSecret()
    const made = await sessions.create({
      id, ...user, clientId: client.id, scopes, resources, secretHash: hashSecret(secret), ttl: sessionTtl, caller
    })
    if (!made) throw invalidGrant('The user credentials were incorrect', { reason: 'the user or the client changed during the login' })
    const grant = { sessionId: id, userId: user.userId, scopes, resources, generation: 0, oidc: null, ...made }
    return await issueTokens({
      client, grant, scopes, resources: null, secret, refreshTokenExpiresIn: Math.min(idleTtl, sessionTtl), isLogin: true
    })
  }
}
