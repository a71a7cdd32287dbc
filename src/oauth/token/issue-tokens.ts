import type { TokenResponse } from '../../schemas/token.ts'
import type { AccessToken, AccessTokens } from './access-token.ts'
import type { Issued } from './grants/index.ts'
import type { Client, SessionState } from '../ports.ts'
import type { RefreshTokens } from '../../sessions/refresh-token.ts'
import type { Scopes } from '../scopes.ts'

export type IssueRequest = {
  client: Client
  grant: SessionState
  /** Of this access token; a refresh may have narrowed them. */
  scopes: string[]
  /** The audience of this access token (RFC 8707 section 2.2); null for everything granted. */
  resources: string[] | null
  /** Of the session; a refresh token is derived from it when the client may refresh. */
  secret: Buffer
  /** Seconds. */
  refreshTokenExpiresIn: number
  /** The session was just created, rather than refreshed. */
  isLogin: boolean
}

/** Builds the response of every grant that has a session. */
export type IssueTokens = (request: IssueRequest) => Promise<Issued>

/** Signs an id token (OpenID Connect Core section 2). */
export type SignIdToken = (
  request: { client: Client, grant: SessionState, scopes: string[], accessToken: string, isLogin: boolean }
) => Promise<string>

type Dependencies = {
  accessTokens: AccessTokens, refreshTokens: RefreshTokens, signIdToken: SignIdToken,
  scopes: Pick<Scopes, 'remaining'>
}

export function createIssueTokens ({ accessTokens, refreshTokens, signIdToken, scopes: registry }: Dependencies): IssueTokens {
  return async ({ client, grant, scopes: granted, resources, secret, refreshTokenExpiresIn, isLogin }) => {
    const { sessionId, userId, generation } = grant
    const scopes = registry.remaining(client, granted)
    const access = accessTokens.forSession(client, { ...grant, resources: resources ?? grant.resources }, scopes)
    const idToken = scopes.includes('openid') ? await signIdToken({ client, grant, scopes, accessToken: access.token, isLogin }) : undefined
    const refreshes = client.grantTypes.includes('refresh_token')
    const refreshToken = refreshes ? refreshTokens.encode({ sessionId, generation, secret }) : undefined
    return {
      about: { clientId: client.id, userId, sessionId },
      body: tokenResponse(access, scopes, { refreshToken, idToken }),
      ...(refreshes && { refreshTokenExpiresIn })
    }
  }
}

/** RFC 6749 section 5.1 */
export function tokenResponse (
  { token, expiresIn }: AccessToken,
  scopes: string[],
  { refreshToken, idToken }: { refreshToken?: string | undefined, idToken?: string | undefined } = {}
): TokenResponse {
  return {
    token_type: 'Bearer',
    expires_in: expiresIn,
    access_token: token,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') })
  }
}
