import type { VerifyAccessToken } from '../keys/access-token-verifier.ts'
import type { Introspection } from '../schemas/introspection.ts'
import type { AccessTokenClaims } from './access-token.ts'
import type { AuthenticateClient } from './client-authentication.ts'
import { invalidClient, invalidRequest } from './errors.ts'
import { stringParams } from './params.ts'
import type { Caller, Sessions } from './ports.ts'
import type { RefreshToken, RefreshTokens } from './refresh-token.ts'
import { hashSecret } from './secrets.ts'

export type Introspect = (request: { authorization: string | undefined, body: Record<string, unknown>, caller: Caller }) => Promise<Introspection>

type Dependencies = {
  authenticateClient: AuthenticateClient
  sessions: Sessions
  refreshTokens: RefreshTokens
  verify: VerifyAccessToken
  /** Why a token is refused although it is valid, or null. */
  refusal: (claims: AccessTokenClaims, kid: string) => string | null
  idleTtl: number
}

const INACTIVE: Introspection = { active: false }

/** RFC 7662. An access token costs no database read; why a token is not active stays here (section 2.2). */
export function createIntrospect ({ authenticateClient, sessions, refreshTokens, verify, refusal, idleTtl }: Dependencies): Introspect {
  async function accessToken (text: string): Promise<Introspection> {
    const verified = await verify(text)
    if (!verified || refusal(verified.claims, verified.kid) !== null) return INACTIVE
    const { epoch, ...claims } = verified.claims
    return { active: true, token_type: 'Bearer', ...claims }
  }

  async function refreshToken ({ sessionId, generation, secret }: RefreshToken): Promise<Introspection> {
    const session = await sessions.inspect({ id: sessionId, generation, secretHash: hashSecret(secret), clientId: '', idleTtl, asked: null })
    if (!session?.alive || session.supersededFor !== null) return INACTIVE
    return {
      active: true,
      token_type: 'refresh_token',
      client_id: session.clientId,
      sub: session.userId,
      sid: sessionId,
      exp: Math.floor(session.expiresAt.getTime() / 1000),
      ...(session.scopes.length > 0 && { scope: session.scopes.join(' ') })
    }
  }

  return async ({ authorization, body, caller }) => {
    const params = stringParams(body)
    const client = await authenticateClient({ authorization, params, caller })
    if (client.authMethod === 'none') throw invalidClient('Introspection is for clients with a secret')
    const { token } = params
    if (token === undefined) throw invalidRequest('token is missing')
    const decoded = refreshTokens.decode(token)
    return await (decoded ? refreshToken(decoded) : accessToken(token))
  }
}
