import type { Configuration } from 'openid-client'
import type { OAuth2Provider, OpenIdProvider, UpstreamClaims } from './ports.ts'
import { limitedText, readJson } from './provider-fetch.ts'
import { CLOCK_TOLERANCE, TIMEOUT } from './upstream-configuration.ts'
import { isBusy, UpstreamError } from './upstream-error.ts'

type Tokens = Pick<Awaited<ReturnType<typeof import('openid-client').authorizationCodeGrant>>, 'access_token' | 'claims'>

/**
 * Of the id token, with those of UserInfo that it lacks.
 * @param now in milliseconds
 */
export async function openIdClaims (
  provider: OpenIdProvider,
  configuration: Configuration,
  tokens: Tokens,
  now: number
): Promise<UpstreamClaims> {
  const claims = tokens.claims()!
  checkClocks(provider.name, claims.iat, now)
  if (!isOfTenant(provider, claims)) throw new UpstreamError('failed', `${provider.name} answered with an id token of another issuer`)
  if (typeof claims['email'] === 'string' || configuration.serverMetadata().userinfo_endpoint === undefined) return claims
  const { fetchUserInfo } = await import('openid-client')
  return { ...await fetchUserInfo(configuration, tokens.access_token, claims.sub), ...claims }
}

/**
 * The token was issued a moment ago (OpenID Connect Core section 3.1.3.7, number 10). Where the clocks differ, neither its expiry nor the
 * time of the login says anything.
 */
function checkClocks (name: string, issuedAt: number, now: number): void {
  const ahead = Math.round(issuedAt - now / 1000)
  if (Math.abs(ahead) <= CLOCK_TOLERANCE) return
  throw new UpstreamError('failed', `${name}: its clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} ours; one of them is wrong`)
}

/** Whether an id token is of its tenant, where each tenant has an issuer of its own, and of one that is let in. */
export function isOfTenant ({ issuerTemplate, isTenant }: OpenIdProvider, { iss, tid }: UpstreamClaims): boolean {
  return (issuerTemplate === undefined || iss === issuerTemplate.replace('{tenantid}', String(tid))) && isTenant?.(String(tid)) !== false
}

/** @param about what the question is about, for the message of an error */
export async function askProvider (url: string, { headers, ...init }: RequestInit, about: string): Promise<unknown> {
  const response = await fetch(url, {
    ...init, headers: { accept: 'application/json', 'user-agent': 'latchkey', ...headers as Record<string, string> },
    redirect: 'error', signal: AbortSignal.timeout(TIMEOUT * 1000)
  })
  const text = await limitedText(response)
  const { ok, status } = response
  if (!ok) throw new UpstreamError(isBusy(status) ? 'unavailable' : 'failed', `answered ${status} about ${about}`, { status })
  return readJson(text, `about ${about}`)
}

/** Of the endpoints of an OAuth 2.0 provider, by name. */
export async function profileClaims ({ profileEndpoints }: OAuth2Provider, accessToken: string): Promise<UpstreamClaims> {
  const read = async (url: string) => await askProvider(url, { headers: { authorization: `Bearer ${accessToken}` } }, 'the user')
  const entries = Object.entries(profileEndpoints).map(async ([name, url]) => [name, await read(url)] as const)
  return Object.fromEntries(await Promise.all(entries))
}
