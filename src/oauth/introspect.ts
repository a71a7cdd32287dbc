import type { VerifyAccessToken } from '../keys/access-token-verifier.ts'
import type { Introspection } from '../schemas/introspection.ts'
import type { AccessTokenClaims } from './access-token.ts'
import type { AuthenticateClient } from './client-authentication.ts'
import { invalidClient, invalidRequest } from './errors.ts'
import { stringParams } from './params.ts'
import type { Caller, Sessions } from './ports.ts'
import { looksLikePersonalToken } from './personal-token-form.ts'
import type { PersonalTokens } from './personal-tokens.ts'
import type { RefreshToken, RefreshTokens } from './refresh-token.ts'
import { hashSecret } from './secrets.ts'

export type Introspect = (request: { authorization: string | undefined, body: Record<string, unknown>, caller: Caller }) => Promise<Introspection>

type Dependencies = {
  authenticateClient: AuthenticateClient
  sessions: Sessions
  refreshTokens: RefreshTokens
  verify: VerifyAccessToken
  personalTokens: Pick<PersonalTokens, 'verify'>
  /** Why a token is refused although it is valid, or null. */
  refusal: (claims: AccessTokenClaims, kid: string) => string | null
  idleTtl: number
}

const INACTIVE: Introspection = { active: false }

/** RFC 7662. An access token costs no database read; why a token is not active stays here (section 2.2). */
export function createIntrospect ({ authenticateClient, sessions, refreshTokens, verify, personalTokens, refusal, idleTtl }: Dependencies): Introspect {
  async function accessToken (text: string): Promise<Introspection> {
    const verified = await verify(text)
    if (!verified || refusal(verified.claims, verified.kid) !== null) return INACTIVE
    const { epoch, ...claims } = verified.claims
    return { active: true, token_type: 'Bearer', ...claims }
  }

  async function personalToken (text: string): Promise<Introspection> {
    const token = await personalTokens.verify(text)
    if (!token) return INACTIVE
    const { id, userId, clientId, scopes, createdAt, expiresAt } = token
    return {
      active: true,
      token_type: 'Bearer',
      client_id: clientId,
      sub: userId,
      jti: id,
      iat: seconds(createdAt),
      ...(expiresAt && { exp: seconds(expiresAt) }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') })
    }
  }

  async function refreshToken ({ sessionId, generation, secret }: RefreshToken): Promise<Introspection> {
    const session = await sessions.inspect({ id: sessionId, generation, secretHash: hashSecret(secret), clientId: '', idleTtl, asked: null, resources: null })
    if (!session?.alive || session.supersededFor !== null) return INACTIVE
    return {
      active: true,
      token_type: 'refresh_token',
      client_id: session.clientId,
      sub: session.userId,
      sid: sessionId,
      exp: seconds(session.expiresAt),
      ...(session.scopes.length > 0 && { scope: session.scopes.join(' ') })
    }
  }

  return async ({ authorization, body, caller }) => {
    const params = stringParams(body)
    const client = await authenticateClient({ authorization, params, caller })
    if (client.authMethod === 'none') throw invalidClient('Introspection is for clients with a secret')
    const { token } = params
    if (token === undefined) throw invalidRequest('token is missing')
    if (looksLikePersonalToken(token)) return await personalToken(token)
    const decoded = refreshTokens.decode(token)
    return await (decoded ? refreshToken(decoded) : accessToken(token))
  }
}

function seconds (date: Date): number {
  return Math.floor(date.getTime() / 1000)
}
