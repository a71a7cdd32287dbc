import { nullIfRefused, type VerifyAccessToken } from '../../keys/access-token-verifier.ts'
import type { AuthenticateClient } from '../../clients/authentication.ts'
import { invalidGrant, invalidRequest } from '../errors.ts'
import type { Caller, Client, TokenRevocations } from '../ports.ts'
import { looksLikePersonalToken } from '../../personal-tokens/form.ts'
import type { PersonalTokens } from '../../personal-tokens/personal-tokens.ts'
import type { SessionEnds } from '../../sessions/end.ts'
import type { RefreshToken, RefreshTokens } from '../../sessions/refresh-token.ts'
import { hashSecret } from '../../crypto/secrets.ts'
import { stringParams } from '../params.ts'

export type Revoke = (request: { authorization: string | undefined, body: Record<string, unknown>, caller: Caller }) => Promise<void>

type Dependencies = {
  authenticateClient: AuthenticateClient
  sessionEnds: Pick<SessionEnds, 'session' | 'bySecret'>
  revocations: TokenRevocations
  refreshTokens: RefreshTokens
  verifyAccessToken: VerifyAccessToken
  personalTokens: Pick<PersonalTokens, 'revokeText'>
}

/**
 * RFC 7009. Revoking a token of a session ends the session with its access and refresh tokens; a client's own token is revoked by itself.
 * An unknown or ended token is not an error (section 2.2). A personal access token was issued to no client, so whoever holds it may revoke
 * it, as scanners for leaked secrets do.
 * @throws OAuthError invalid_grant for a token of another client (section 2.1)
 */
export function createRevoke (
  { authenticateClient, sessionEnds, revocations, refreshTokens, verifyAccessToken, personalTokens }: Dependencies
): Revoke {
  async function revokeAccessToken (client: Client, text: string, caller: Caller): Promise<void> {
    const verified = await verifyAccessToken(text).catch(nullIfRefused)
    if (!verified) return
    const { client_id: clientId, sid, jti, epoch } = verified.claims
    if (clientId !== client.id) throw invalidGrant('The token was issued to another client')
    if (sid === undefined) await revocations.revoke({ jti, clientId, epoch })
    else await sessionEnds.session(sid, { reason: 'client', caller })
  }

  async function revokeRefreshToken (client: Client, { sessionId, secret }: RefreshToken, caller: Caller): Promise<void> {
    await sessionEnds.bySecret({ sessionId, secretHash: hashSecret(secret), clientId: client.id }, { reason: 'client', caller })
  }

  return async ({ authorization, body, caller }) => {
    const params = stringParams(body)
    const client = await authenticateClient({ authorization, params, caller })
    const { token } = params
    if (token === undefined) throw invalidRequest('token is missing')
    const refreshToken = refreshTokens.decode(token)
    if (looksLikePersonalToken(token)) await personalTokens.revokeText(token, caller)
    else if (refreshToken) await revokeRefreshToken(client, refreshToken, caller)
    else await revokeAccessToken(client, token, caller)
  }
}
