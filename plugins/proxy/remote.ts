import { ConfigError } from '../../src/config-error.ts'
import type { LatchkeyOptions } from '../../src/config.ts'
import { mergeOptions, optionsFromEnvironment, readVariables } from '../../src/environment.ts'
import { basic, createIssuerClient, RefusedByIssuer } from '../../src/http/issuer-client.ts'
import type { TokenResponse } from '../../src/schemas/token.ts'
import { createAttributes } from '../../src/users/attributes.ts'
import type { ProxyAnswer, ProxyBackend } from '../client-proxy.ts'
import { badScope, invalidCredentials, invalidRefreshToken, misconfigured, noSuchProxy, throttled, unavailable } from './errors.ts'
import { loginParams } from './login-params.ts'

/** Proxies apart from the server: this process holds the client's secret and asks the issuer. */
export type RemoteProxyOptions = Pick<LatchkeyOptions, 'login' | 'prefix' | 'corsOrigins' | 'rateLimit' | 'appUrl' | 'refreshTokenTtl'> & {
  /** Such as https://id.example.com */
  issuer: string
  /** By slug; from CLIENT_WEB_ID, CLIENT_WEB_SECRET and the like when not given. */
  clients?: Record<string, { id: string, secret: string }>
  /** Whether the refresh token stands in the body beside the cookie. */
  refreshTokenInBody?: boolean
}

const MONTH = 30 * 86_400

export async function remoteProxy (options: RemoteProxyOptions): Promise<ProxyBackend> {
  const { login, clients = {} } = mergeOptions(options, optionsFromEnvironment(readVariables()))
  if (Object.keys(clients).length === 0) {
    throw new ConfigError([{ name: 'CLIENT_WEB_ID', message: 'and CLIENT_WEB_SECRET are needed where the proxy runs apart from the server' }])
  }
  const issuer = options.issuer.replace(/\/+$/, '')
  const attributes = await createAttributes({ attributes: login!.attributes!, defaultCountry: login!.defaultCountry })
  const client = createIssuerClient({ issuer })

  async function post (slug: string, path: string, params: Record<string, string>): Promise<unknown> {
    const named = Object.hasOwn(clients, slug) ? clients[slug] : undefined
    if (!named) throw noSuchProxy(slug)
    return await client.json(path, {
      method: 'POST', headers: { authorization: basic(named.id, named.secret ?? '') }, body: new URLSearchParams(params)
    })
  }

  async function token (slug: string, params: Record<string, string>, invalidGrant: (cause: unknown) => Error): Promise<ProxyAnswer> {
    const body = await post(slug, '/v1/oauth/token', params).catch(explain(invalidGrant)) as TokenResponse
    return { body, refreshTokenExpiresIn: options.refreshTokenTtl ?? MONTH }
  }

  return {
    login: { attributes, prefix: login!.prefix ?? '' },
    issuer,
    appUrl: options.appUrl ?? issuer,
    prefix: options.prefix ?? '',
    corsOrigins: options.corsOrigins ?? [],
    rateLimit: options.rateLimit ?? 'on',
    tokenInBody: async () => options.refreshTokenInBody ?? true,
    logIn: (slug, body, _caller) => token(slug, { ...loginParams({ attributes, prefix: login!.prefix ?? '' }, body), grant_type: 'password' }, invalidCredentials),
    refresh: (slug, refreshToken, scope) => token(slug, { grant_type: 'refresh_token', refresh_token: refreshToken, ...(scope && { scope }) }, invalidRefreshToken),
    logOut: async (slug, refreshToken) => {
      if (refreshToken === undefined) return
      await post(slug, '/v1/oauth/revoke', { token: refreshToken, token_type_hint: 'refresh_token' }).catch(explain(misconfigured))
    }
  }
}

/** Wrong credentials, a busy issuer, one that is away, and a client that may not: four different answers. */
function explain (invalidGrant: (cause: unknown) => Error) {
  return (error: unknown): never => {
    if (!(error instanceof RefusedByIssuer)) throw (error as { statusCode?: number }).statusCode ? error : unavailable(error)
    const { body, statusCode } = error
    if (body.error === 'invalid_grant') throw invalidGrant(error)
    if (body.error === 'invalid_scope') throw badScope(body.error_description ?? 'is not allowed')
    if (statusCode === 429) throw throttled(error)
    throw statusCode >= 500 ? unavailable(error) : misconfigured(error)
  }
}
