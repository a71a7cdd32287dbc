import { nullIfRefused, type VerifyAccessToken } from '../../keys/access-token-verifier.ts'
import type { Introspection } from '../../schemas/introspection.ts'
import type { AccessTokenClaims } from './access-token.ts'
import type { AuthenticateClient } from '../../clients/authentication.ts'
import { invalidClient, invalidRequest } from '../errors.ts'
import { stringParams } from '../params.ts'
import type { Caller, Client, Sessions } from '../ports.ts'
import { looksLikePersonalToken } from '../../personal-tokens/form.ts'
import type { PersonalTokens } from '../../personal-tokens/personal-tokens.ts'
import type { RefreshToken, RefreshTokens } from '../../sessions/refresh-token.ts'
import type { RemainingScopes } from '../remaining-scopes.ts'
import { followsRevocations } from '../scopes.ts'
import { acrOf } from '../../oidc/acr.ts'
import { hashSecret } from '../../crypto/secrets.ts'

export type Introspect = (
  request: { authorization: string | undefined, body: Record<string, unknown>, caller: Caller }
) => Promise<Introspection>

type Dependencies = {
  authenticateClient: AuthenticateClient
  sessions: Sessions
  refreshTokens: RefreshTokens
  verifyAccessToken: VerifyAccessToken
  personalTokens: Pick<PersonalTokens, 'verify'>
  isRevoked: (claims: AccessTokenClaims, kid: string) => boolean
  remainingScopes: RemainingScopes
  idleTtl: number
}

const INACTIVE: Introspection = { active: false }

/** Marked by the operator, or a remote guard, which has to introspect every token it is shown. */
const seesAll = (client: Client) => client.introspects || followsRevocations(client)

/** RFC 7662 section 4: a client sees tokens issued to it, and those with one of its resource servers as audience. */
function sees (client: Client, { client_id: issuedTo, aud }: AccessTokenClaims): boolean {
  return issuedTo === client.id || [aud].flat().some((audience) => audience === client.id || client.resourceServers.includes(audience)) ||
    seesAll(client)
}

/**
 * RFC 7662. An access token costs no database read. Why a token is inactive, or hidden from the client that asks, is not disclosed (section
 * 2.2).
 */
export function createIntrospect (
  { authenticateClient, sessions, refreshTokens, verifyAccessToken, personalTokens, isRevoked, remainingScopes, idleTtl }: Dependencies
): Introspect {
  async function accessToken (client: Client, text: string): Promise<Introspection> {
    const verified = await verifyAccessToken(text).catch(nullIfRefused)
    if (!verified || !sees(client, verified.claims) || isRevoked(verified.claims, verified.kid)) return INACTIVE
    const { epoch, scope, ...claims } = verified.claims
    return {
      active: true, token_type: 'Bearer', ...claims,
      ...scopeOf(scope === undefined ? [] : await remainingScopes(claims.client_id, scope.split(' ')))
    }
  }

  async function personalToken (client: Client, text: string): Promise<Introspection> {
    // Verifying a personal access token records a use, so only clients that may see it can trigger that
    if (!seesAll(client)) return INACTIVE
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
      ...scopeOf(scopes)
    }
  }

  /** Only its own client can introspect it; anybody else who holds it has stolen it. */
  async function refreshToken (client: Client, { sessionId, generation, secret }: RefreshToken): Promise<Introspection> {
    const session = await sessions.inspect({
      id: sessionId, generation, secretHash: hashSecret(secret), clientId: client.id, idleTtl,
      requestedScopes: null, ofAny: null, resources: null
    })
    if (!session?.alive || session.clientId !== client.id || session.supersededFor !== null) return INACTIVE
    return {
      active: true,
      token_type: 'refresh_token',
      client_id: session.clientId,
      sub: session.userId,
      sid: sessionId,
      exp: seconds(session.expiresAt),
      auth_time: seconds(session.authTime),
      amr: session.amr,
      acr: acrOf(session.amr),
      ...scopeOf(await remainingScopes(client.id, session.scopes))
    }
  }

  return async ({ authorization, body, caller }) => {
    const params = stringParams(body)
    const client = await authenticateClient({ authorization, params, caller })
    if (client.authMethod === 'none') throw invalidClient('Introspection is for clients with a secret')
    const { token } = params
    if (token === undefined) throw invalidRequest('token is missing')
    if (looksLikePersonalToken(token)) return await personalToken(client, token)
    const decoded = refreshTokens.decode(token)
    return await (decoded ? refreshToken(client, decoded) : accessToken(client, token))
  }
}

function scopeOf (scopes: string[]): { scope?: string } {
  return scopes.length > 0 ? { scope: scopes.join(' ') } : {}
}

function seconds (date: Date): number {
  return Math.floor(date.getTime() / 1000)
}
