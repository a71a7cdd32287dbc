import type { Configuration } from 'openid-client'
import type { DerivedKeys } from '../crypto/app-key.ts'
import type { Clock } from '../runtime/clock.ts'
import type { UpstreamOrigin } from '../sessions/upstream-origin.ts'
import type { OpenIdProvider, Provider, UpstreamClaims, UpstreamProfile } from './ports.ts'
import { readIdToken, readProof, saysWhose, type Proof, type Shown } from './app-proof.ts'
import { openIdClaims, profileClaims } from './upstream-claims.ts'
import { endSessionUrl, withIdToken, type EndSessionRequest } from './provider-logout.ts'
import { readLogoutToken, type LogoutToken } from './logout-token.ts'
import { createProviderFetch } from './provider-fetch.ts'
import { createAsClient } from './our-client.ts'
import { createClientSecret } from './client-secret.ts'
import { createKeptKeys, readKeys } from './provider-keys.ts'
import { readText } from './read-claims.ts'
import { configure, withKnownIssuer } from './upstream-configuration.ts'
import { isBusy, UpstreamError } from './upstream-error.ts'
import type { Once } from './used-proofs.ts'
import type { Secrets } from './upstream-logins.ts'
import type { TokenAnswer, UpstreamTokens } from './upstream-tokens.ts'

/**
 * Who has logged in at a provider, and when, where it says so. `origin`: with which our session ends; only OpenID providers say when.
 * `tokens`: where they are kept, and a code was redeemed for them.
 */
export type UpstreamAnswer = {
  profile: UpstreamProfile, claims: UpstreamClaims, authTime: Date | null, origin?: UpstreamOrigin, tokens?: UpstreamTokens
}

type Returned = Secrets & { redirectUri: string, params: URLSearchParams }

type Request = Secrets & {
  redirectUri: string
  /** The user logs in there again, whoever is logged in. */
  again?: boolean | undefined
  uiLocales?: string | undefined
  loginHint?: string | undefined
}

/** The client of a provider. */
export type Upstream = {
  /** The address that the browser is sent to. @throws UpstreamError */
  authorizationUrl: (request: Request) => Promise<URL>
  /**
   * Redeems the answer of the provider (RFC 6749 section 4.1.2, RFC 9207, OpenID Connect Core section 3.1.3.7).
   * @throws UpstreamError
   */
  redeem: (returned: Returned) => Promise<UpstreamAnswer>
  /**
   * Reads what an app has got from the provider. The caller sees to it that `once` counts once.
   * @returns null for an access token where the provider cannot say for which client it was issued
   * @throws UpstreamError
   */
  prove: (proof: Proof) => Promise<UpstreamAnswer & { once: Once | null } | null>
  /**
   * Renews the tokens of a user there (RFC 6749 section 6).
   * @returns null when the provider refuses it, for good
   * @throws UpstreamError when it cannot be asked, or answers something else
   */
  refresh: (user: { subject: string, refreshToken: string }) => Promise<UpstreamTokens | null>
  /**
   * Which login is over there (OpenID Connect Back-Channel Logout 1.0 section 2.6). The caller sees to it that it counts once.
   * @throws UpstreamError
   */
  readLogout: (token: string) => Promise<LogoutToken>
  /** The address that logs the browser out there. @throws UpstreamError */
  endSessionUrl: (request: EndSessionRequest) => Promise<URL>
}

const CANCELED = ['access_denied', 'user_cancelled_login', 'user_cancelled_authorize', 'user_denied', 'interaction_required']
// Of these, what is wrong is said by the cause, in texts of the library
const WITH_CAUSE = /^OAUTH_(JWT|INVALID_RESPONSE$)/
const UNAVAILABLE = ['temporarily_unavailable', 'server_error']

/** @param idTokenKeys seal the id token that is kept for a logout there */
export function createUpstream (provider: Provider, { monotonic, now }: Pick<Clock, 'monotonic' | 'now'>, idTokenKeys: DerivedKeys): Upstream {
  const { fetch, forget } = createProviderFetch(provider, monotonic)
  const clientSecret = createClientSecret(provider, now)
  const asClient = createAsClient()

  /** A new one each time, without keys from before: a provider may have replaced them a moment ago. */
  async function configured (checks?: Parameters<typeof configure>[3]): Promise<Configuration> {
    try {
      return await configure(provider, fetch, await clientSecret(), checks)
    } catch (error) {
      forget()
      throw error
    }
  }

  /** Nothing where they are not kept. */
  async function kept (tokens: TokenAnswer, requested?: string[]): Promise<Pick<UpstreamAnswer, 'tokens'>> {
    return provider.keepTokens ? { tokens: (await import('./upstream-tokens.ts')).tokensOf(tokens, now(), requested) } : {}
  }

  async function read (proof: Proof): Promise<Shown | null> {
    if (proof.kind === 'id_token') return await readIdToken({ provider, keys, now }, proof)
    const configuration = await configured()
    if (proof.kind === 'oauth_token' && !saysWhose(provider, configuration)) return null
    return await readProof({ provider, configuration, now, asClient }, proof)
  }

  const keys = createKeptKeys(async () => await readKeys(provider as OpenIdProvider, await configured()), monotonic)

  return {
    async authorizationUrl ({ redirectUri, state, nonce, verifier, again = false, uiLocales, loginHint }) {
      try {
        const client = await import('openid-client')
        return client.buildAuthorizationUrl(await configured(), {
          ...provider.params,
          ...(provider.scopes.length > 0 && { scope: provider.scopes.join(' ') }),
          redirect_uri: redirectUri, state,
          ...(provider.responseMode && { response_mode: provider.responseMode }),
          ...(provider.pkce !== false && { code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }),
          ...(provider.kind === 'openid' && {
            ...(provider.nonce !== false && { nonce }),
            ...(again && { max_age: '0', prompt: 'login' }),
            ...(uiLocales && { ui_locales: uiLocales }),
            ...(loginHint && { login_hint: loginHint })
          })
        })
      } catch (error) {
        throw problemOf(provider, error)
      }
    },

    async redeem ({ redirectUri, params, state, nonce, verifier }) {
      const begun = now()
      const error = params.get('error')
      if (error !== null) throw refusal(provider, error)
      try {
        const client = await import('openid-client')
        const answer = new URL(`${redirectUri}?${withKnownIssuer(provider, params)}`)
        const checks = { expectedState: state, ...(provider.pkce !== false && { pkceCodeVerifier: verifier }) }
        const configuration = await configured()
        const tokens = await asClient(client.authorizationCodeGrant(configuration, answer, {
          ...checks,
          ...(provider.kind === 'openid' && { idTokenExpected: true, ...(provider.nonce !== false && { expectedNonce: nonce }) })
        }))
        const said: UpstreamClaims = provider.kind === 'openid'
          // What is signed comes last
          ? { ...provider.posted?.(params), ...await openIdClaims(provider, configuration, tokens, now()) }
          : await profileClaims(provider, tokens.access_token)
        const { origin, ...who } = answerOf(provider, said, begun)
        return {
          ...who, ...await kept(tokens, provider.scopes),
          ...(origin && { origin: provider.logout ? withIdToken(idTokenKeys, origin, tokens.id_token) : origin })
        }
      } catch (cause) {
        throw problemOf(provider, cause)
      }
    },

    async prove (proof) {
      const begun = now()
      try {
        const shown = await read(proof)
        if (!shown) return null
        const { said, once, at, tokens } = shown
        // An id token may have been kept for some time
        const answer = { ...answerOf(provider, said, proof.kind === 'id_token' ? 0 : begun), ...(tokens && await kept(tokens)) }
        return { ...answer, authTime: answer.authTime ?? (at === null ? null : dateOf(at)), once }
      } catch (cause) {
        throw problemOf(provider, cause)
      }
    },

    async refresh (user) {
      try {
        const { refreshTokens } = await import('./upstream-tokens.ts')
        const configuration = await configured({ signed: false })
        return await refreshTokens({ provider, configuration, now, asClient }, user)
      } catch (cause) {
        throw problemOf(provider, cause)
      }
    },

    async readLogout (token) {
      try {
        return await readLogoutToken({ provider, keys, now }, token)
      } catch (cause) {
        throw problemOf(provider, cause)
      }
    },

    async endSessionUrl (request) {
      try {
        return await endSessionUrl(await configured(), request)
      } catch (cause) {
        throw problemOf(provider, cause)
      }
    }
  }
}

/** @param begun when it was asked, in milliseconds; 0 if it may have been said earlier */
function answerOf (provider: Provider, said: UpstreamClaims, begun: number): UpstreamAnswer {
  const profile = readProfile(provider, said)
  if (!profile) throw new UpstreamError('failed', `${provider.name} has not said who the user is`)
  const { auth_time: authTime, sid, iat } = said
  const issued = typeof iat === 'number' ? iat : begun / 1000
  const since = { issued: Math.floor(Math.min(Math.max(0, issued), Number.MAX_SAFE_INTEGER)), at: begun }
  const origin = { provider: provider.name, subject: profile.subject, sid: readText(sid), since }
  return { profile, claims: said, authTime: typeof authTime === 'number' ? dateOf(authTime) : null, ...(provider.kind === 'openid' && { origin }) }
}

/** What is before 1970, which a database may not be able to store, is as old. @param seconds RFC 7519 section 2, NumericDate */
function dateOf (seconds: number): Date {
  return new Date(Math.max(0, seconds) * 1000)
}

/** A function of the host may throw anything. */
function readProfile (provider: Provider, said: UpstreamClaims): UpstreamProfile | null {
  try {
    return provider.read(said)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'no error'
    throw new UpstreamError('failed', `${provider.name}: what it says about the user could not be read: ${why}`)
  }
}

/** The `error` of an authorization response (RFC 6749 section 4.1.2.1). Its description is somebody else's text, and is not shown. */
function refusal ({ name }: Provider, error: string): UpstreamError {
  const problem = CANCELED.includes(error) ? 'canceled' : UNAVAILABLE.includes(error) ? 'unavailable' : 'failed'
  return new UpstreamError(problem, `${name} answered ${/^[\w.:/-]{1,60}$/.test(error) ? error : 'an error'}`)
}

type Failure = { name?: string, code?: string, message?: string, status?: number, cause?: { message?: string, status?: number } }

/** Errors of the network have a code of Node, those of the answer one of openid-client; neither message contains a token or a code. */
function problemOf ({ name }: Provider, thrown: unknown): UpstreamError {
  // openid-client wraps what a request throws
  const { cause: wrapped } = (thrown ?? {}) as { cause?: unknown }
  const error = wrapped instanceof UpstreamError ? wrapped : thrown
  if (error instanceof UpstreamError) {
    return new UpstreamError(error.problem, error.message.startsWith(name) ? error.message : `${name} ${error.message}`, error)
  }
  const { name: type, code, message, status, cause } = error as Failure
  const isNetwork = type === 'TimeoutError' || type === 'AbortError' || code === 'OAUTH_TIMEOUT' || (error instanceof TypeError && message === 'fetch failed')
  const answered = status ?? cause?.status
  const why = [code, message, isNetwork || WITH_CAUSE.test(code ?? '') ? cause?.message : undefined].filter(Boolean).join(': ')
  return new UpstreamError(isNetwork || (answered !== undefined && isBusy(answered)) ? 'unavailable' : 'failed', `${name}: ${why}`)
}
