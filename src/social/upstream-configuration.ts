import type { ClientAuth, Configuration, CustomFetch } from 'openid-client'
import type { OAuth2Provider, OpenIdProvider, Provider } from './ports.ts'

/** Seconds that a provider has for each answer. */
export const TIMEOUT = 5
/** Seconds by which the clocks of a provider and of this server may differ. */
export const CLOCK_TOLERANCE = 300

/**
 * What openid-client needs to know of a provider: its metadata (OpenID Connect Discovery), or the endpoints that are configured.
 * @param clientSecret undefined for a public client
 * @param signed whether the signatures of id tokens are checked, which asks for the keys of the provider
 */
export async function configure (
  provider: Provider, fetch: CustomFetch, clientSecret: string | undefined, { signed = true }: { signed?: boolean } = {}
): Promise<Configuration> {
  const client = await import('openid-client')
  const { clientId } = provider
  const metadata = { [client.clockTolerance]: CLOCK_TOLERANCE }
  if (provider.kind === 'openid') {
    const isInsecure = provider.issuer.startsWith('http:')
    const proof = authentication(client, provider, clientSecret)
    const configuration = await client.discovery(new URL(provider.issuer), clientId, metadata, proof, {
      timeout: TIMEOUT, [client.customFetch]: fetch, ...(isInsecure && { execute: [client.allowInsecureRequests] })
    })
    // Its signature is checked, too: the connection alone may end at a proxy of somebody else
    if (signed) client.enableNonRepudiationChecks(configuration)
    return configuration
  }
  const { authorizationEndpoint, tokenEndpoint, introspectionEndpoint } = provider
  const configuration = new client.Configuration(
    {
      issuer: new URL(tokenEndpoint).origin, authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint,
      ...(introspectionEndpoint !== undefined && { introspection_endpoint: introspectionEndpoint })
    },
    clientId, { ...metadata, ...(clientSecret !== undefined && { client_secret: clientSecret }) },
    authentication(client, provider, clientSecret)
  )
  configuration.timeout = TIMEOUT
  configuration[client.customFetch] = fetch
  if (tokenEndpoint.startsWith('http:')) client.allowInsecureRequests(configuration)
  return configuration
}

/**
 * The answer of a provider without metadata, whose issuer is known by its addresses alone: one that is at them counts as the configured one
 * (RFC 9207 section 2.4). Mix-up is impossible anyhow: each provider has a redirect URI and a `state` of its own (RFC 9700 section 4.4.2).
 */
export function withKnownIssuer (provider: Provider, answer: URLSearchParams): URLSearchParams {
  const [iss, another] = answer.getAll('iss')
  if (provider.kind !== 'oauth2' || iss === undefined || another !== undefined || !URL.canParse(iss)) return answer
  const { authorizationEndpoint, tokenEndpoint } = provider
  const [own, ...others] = [tokenEndpoint, authorizationEndpoint].map((address) => new URL(address).origin)
  if (![own, ...others].includes(new URL(iss).origin)) return answer
  const known = new URLSearchParams(answer)
  known.set('iss', own!)
  return known
}

function authentication (client: typeof import('openid-client'), provider: OpenIdProvider | OAuth2Provider, secret: string | undefined) {
  if (secret === undefined) return client.None()
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]
  if (provider.kind === 'oauth2') return provider.authMethod === 'client_secret_post' ? post : basic
  const choose: ClientAuth = (server, ...request) => {
    const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server
    return (methods.includes('client_secret_basic') ? basic : post)(server, ...request)
  }
  return choose
}
