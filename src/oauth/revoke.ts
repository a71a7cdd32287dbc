import type { VerifyAccessToken } from '../keys/access-token-verifier.ts'
import type { AuthenticateClient } from './client-authentication.ts'
import { invalidGrant, invalidRequest } from './errors.ts'
import type { Caller, Client, Sessions, TokenRevocations } from './ports.ts'
import type { RefreshTokens } from './refresh-token.ts'
import { hashSecret } from './secrets.ts'
import { stringParams } from './params.ts'

export type Revoke = (request: { authorization: string | undefined, body: Record<string, unknown>, caller: Caller }) => Promise<void>

type Dependencies = {
  authenticateClient: AuthenticateClient
  sessions: Sessions
  tokens: TokenRevocations
  refreshTokens: RefreshTokens
  verify: VerifyAccessToken
}

/**
 * RFC 7009. A token of a session ends the session, its access and refresh tokens; a client's own token ends alone.
 * What is no token, or has ended, is no error (section 2.2).
 * @throws OAuthError invalid_grant for a token of another client (section 2.1)
 */
export function createRevoke ({ authenticateClient, sessions, tokens, refreshTokens, verify }: Dependencies): Revoke {
  async function revokeAccessToken (client: Client, text: string): Promise<void> {
    const verified = await verify(text)
    if (!verified) return
    const { client_id: clientId, sid, jti, epoch } = verified.claims
    if (clientId !== client.id) throw invalidGrant('The token was issued to another client')
    if (sid !== undefined) await sessions.revoke(sid)
    else await tokens.revoke({ jti, clientId, epoch })
  }

  return async ({ authorization, body, caller }) => {
    const params = stringParams(body)
    const client = await authenticateClient({ authorization, params, caller })
    const { token } = params
    if (token === undefined) throw invalidRequest('token is missing')
    const refreshToken = refreshTokens.decode(token)
    if (refreshToken) await sessions.revokeBySecret(refreshToken.sessionId, hashSecret(refreshToken.secret), client.id)
    else await revokeAccessToken(client, token)
  }
}
