import type { Configuration } from 'openid-client'
import { answered, type AsClient } from './our-client.ts'
import type { Provider } from './ports.ts'
import { UpstreamError } from './upstream-error.ts'

/** What a provider lets its client do for a user. */
export type UpstreamTokens = {
  accessToken: string
  /** Null where the provider gives none. */
  refreshToken: string | null
  /** In milliseconds; null where the provider does not say. */
  expiresAt: number | null
  /** Null where the provider does not say. */
  scopes: string[] | null
}

/** RFC 6749 section 5.1, as openid-client has read it. */
export type TokenAnswer = {
  access_token: string, refresh_token?: string | undefined, expires_in?: number | undefined, scope?: string | undefined
}

/** Seconds, in a time that a Date can hold. */
const MAX_LIFETIME = 100 * 366 * 86_400

/**
 * @param now in milliseconds
 * @param requested which scopes were asked for, where that is known: an answer that names none means these
 */
export function tokensOf (answer: TokenAnswer, now: number, requested: string[] | null = null): UpstreamTokens {
  const { access_token: accessToken, refresh_token: refreshToken = null, expires_in: lifetime, scope } = answer
  const expiresAt = lifetime === undefined ? null : now + Math.min(lifetime, MAX_LIFETIME) * 1000
  // GitHub separates them by commas
  return { accessToken, refreshToken, expiresAt, scopes: scope === undefined ? requested : scope.split(/[\s,]+/).filter(Boolean) }
}

type Context = { provider: Provider, configuration: Configuration, now: () => number, asClient: AsClient }

/**
 * RFC 6749 section 6.
 * @param configuration without a check of signatures: keys that cannot be read would lose a refresh token that has been replaced
 * @returns null when the provider refuses it, for good
 * @throws UpstreamError, or an error of openid-client
 */
export async function refreshTokens (
  { provider: { kind, read }, configuration, now, asClient }: Context, { subject, refreshToken }: { subject: string, refreshToken: string }
): Promise<UpstreamTokens | null> {
  const { refreshTokenGrant } = await import('openid-client')
  try {
    const answer = await asClient(refreshTokenGrant(configuration, refreshToken))
    // OpenID Connect Core section 12.2: an id token, if there is one, is of the same user
    const claims = kind === 'openid' ? answer.claims() : undefined
    const said = claims && read(claims)
    if (said && said.subject !== subject) throw new UpstreamError('failed', 'answered a refresh token with the tokens of another user')
    return tokensOf(answer, now())
  } catch (error) {
    if (isRefused(error)) return null
    throw error
  }
}

/** RFC 6749 section 5.2; GitHub and Twitch have words of their own. */
function isRefused (thrown: unknown): boolean {
  const { error, message } = answered(thrown)
  return error === 'invalid_grant' || error === 'bad_refresh_token' || message === 'Invalid refresh token'
}
