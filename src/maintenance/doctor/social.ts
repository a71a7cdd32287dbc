import type { Config } from '../../config/config.ts'
import { isLoopback } from '../../http/origin.ts'
import type { OAuth2Provider, OpenIdProvider, Provider } from '../../social/ports.ts'
import { fail, listed, ok, warn, type Check } from './check.ts'

const TIMEOUT_MS = 5000
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

type Metadata = Record<string, unknown>
type Endpoints = [name: string, address: string][]
/** `tells`: whether an OpenID provider says when a login there is over; `logsOut`: whether a browser can be logged out there. */
type Found = { problem?: Check, endpoints?: Endpoints, tells?: boolean, logsOut?: boolean }

/** Whether users can be sent to each provider: what its metadata says, which the server reads at the first login. */
export async function checkSocial ({ social, issuer }: Pick<Config, 'social' | 'issuer'>): Promise<Check[]> {
  if (Object.keys(social).length === 0) return []
  const { createProviders } = await import('../../social/providers.ts')
  return await Promise.all([...createProviders(social).values()].map(async (provider) => {
    const { problem, endpoints, ...offers }: Found = provider.kind === 'openid' ? await discover(provider) : { endpoints: endpointsOf(provider) }
    return problem ?? checkEndpoints(provider, endpoints ?? [], issuer) ?? checkLogout(provider, offers) ??
      ok(nameOf(provider), registered(provider, `${issuer}/v1/auth/${provider.name}`, offers))
  }))
}

/** What the operator enters at the provider. */
function registered ({ label, logout }: Provider, at: string, { tells }: Pick<Found, 'tells'>): string {
  const back = logout ? `, its post-logout redirect URI ${at}/logged-out` : ''
  const told = tells === undefined
    ? ''
    : tells ? `, and for back-channel logout ${at}/backchannel-logout` : '; its metadata does not say that it has back-channel logout'
  return `${label}; its redirect URI is ${at}/callback${back}${told}`
}

/** The option `logout` has no effect where the browser cannot be logged out. */
function checkLogout (provider: Provider, { logsOut = false }: Pick<Found, 'logsOut'>): Check | null {
  if (!provider.logout || logsOut) return null
  const why = provider.kind === 'openid' ? 'its metadata has no end_session_endpoint' : 'it is no OpenID provider'
  return warn(nameOf(provider), `logout has no effect: ${why}, so that users are logged out here alone`, `remove social.${provider.name}.logout`)
}

async function discover (provider: OpenIdProvider): Promise<Found> {
  const name = nameOf(provider)
  // OpenID Connect Discovery section 4
  const address = `${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const wrong = (message: string, fix: string) => ({ problem: fail(name, `${address} ${message}`, fix) })
  const { metadata, problem } = await readMetadata(address)
  if (!metadata) return wrong(problem ?? '', 'correct the issuer, or let this machine connect to it')
  // URLs of the same place are spelled in several ways
  const expected = provider.issuerTemplate ?? provider.issuer
  if (!isSame(metadata['issuer'], expected)) {
    return wrong(
      `is the metadata of another issuer: ${shown(metadata['issuer'])} instead of ${expected}`,
      'give the issuer exactly as its metadata spells it'
    )
  }
  const missing = ENDPOINTS.filter((endpoint) => typeof metadata[endpoint] !== 'string')
  if (missing.length > 0) return wrong(`has no ${missing.join(' and no ')}`, 'ask the provider: nobody can log in there')
  return {
    endpoints: ENDPOINTS.map((endpoint) => [endpoint, metadata[endpoint] as string]),
    // OpenID Connect Back-Channel Logout section 2.1
    tells: metadata['backchannel_logout_supported'] === true,
    // OpenID Connect RP-Initiated Logout section 2.1
    logsOut: typeof metadata['end_session_endpoint'] === 'string'
  }
}

async function readMetadata (address: string): Promise<{ metadata?: Metadata, problem?: string }> {
  try {
    const response = await fetch(address, {
      signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual', headers: { accept: 'application/json' }
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      return { problem: `answers ${response.status}` }
    }
    const metadata = await response.json() as unknown
    return typeof metadata === 'object' && metadata !== null ? { metadata: metadata as Metadata } : { problem: 'is no metadata' }
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: 'is not JSON' }
    return { problem: `cannot be read: ${reasonOf(error as Error)}` }
  }
}

function reasonOf ({ name, message, cause }: Error): string {
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  const { code, message: inner } = (cause ?? {}) as { code?: string, message?: string }
  return inner || code || message
}

function endpointsOf ({ authorizationEndpoint, tokenEndpoint, profileEndpoints }: OAuth2Provider): Endpoints {
  return Object.entries({ authorizationEndpoint, tokenEndpoint, ...profileEndpoints })
}

/** @param issuer of this server */
function checkEndpoints (provider: Provider, endpoints: Endpoints, issuer: string): Check | null {
  const insecure = endpoints.filter(([, address]) => !address.startsWith('https://'))
  const names = listed(insecure.map(([name]) => name))
  if (insecure.some(([, address]) => !isHere(address))) {
    return fail(nameOf(provider), `no https at ${names}: whoever is in between reads codes and tokens`, 'use https')
  }
  if (insecure.length === 0 || isHere(issuer)) return null
  return warn(nameOf(provider), `no https at ${names}: that is for development`, 'use https')
}

function isHere (address: string): boolean {
  return URL.canParse(address) && isLoopback(new URL(address).hostname)
}

function nameOf ({ name }: Provider): string {
  return `social-${name}`
}

function isSame (found: unknown, expected: string): boolean {
  return typeof found === 'string' && URL.canParse(found) && new URL(found).href === new URL(expected).href
}

function shown (value: unknown): string {
  return typeof value === 'string' && value.length <= 200 ? JSON.stringify(value) : 'none'
}
