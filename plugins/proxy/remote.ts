import type { FastifyInstance } from 'fastify'
import { createAddress } from '../../src/config/address.ts'
import { checkOptions } from '../../src/config/check-options.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { mergeOptions, readEnvironment, readVariables } from '../../src/config/environment.ts'
import { basic, createIssuerClient, RefusedByIssuer } from '../../src/remote/issuer-client.ts'
import { createClock } from '../../src/runtime/clock.ts'
import { readOrigin } from '../../src/http/origin.ts'
import type { Caller } from '../../src/oauth/ports.ts'
import { looksLikeRefreshToken } from '../../src/sessions/refresh-token.ts'
import type { RemoteProxyOptions } from '../../src/config/options.ts'
import { RemoteProxy } from '../../src/config/remote-proxy-options.ts'
import type { TokenResponse } from '../../src/schemas/token.ts'
import { createAttributes } from '../../src/users/attributes.ts'
import { CLIENT_IP_HEADER, readAddress } from '../../src/http/caller.ts'
import type { ProxiedClient, ProxyAnswer, ProxyBackend } from '../client-proxy.ts'
import { DEVICE_HEADER } from '../../src/throttle/known-devices.ts'
import { followPort, placeOf } from '../http/follow-port.ts'
import type { Site } from '../http/same-origin.ts'
import { badScope, incomplete, invalidAuthSession, invalidCredentials, invalidRefreshToken, misconfigured, noSuchProxy, throttled, unavailable } from './errors.ts'

type Credentials = { id: string, secret?: string }

const MONTH = 30 * 86_400
// Until the server listens on a port
const DEFAULT_PORT = 3000

export async function remoteProxy (host: FastifyInstance, options: RemoteProxyOptions): Promise<ProxyBackend> {
  checkOptions('clientProxy', RemoteProxy, Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)))
  const { login, clients = {} } = mergeOptions(options, readEnvironment(readVariables(), { prefixedOnly: options.env !== true }).options)
  if (Object.keys(clients).length === 0) {
    throw new ConfigError([{
      name: 'clients',
      message:
        'is required for a remote client proxy: { web: { id, secret } }, or LATCHKEY_CLIENT_WEB_ID and LATCHKEY_CLIENT_WEB_SECRET'
    }])
  }
  const issuer = options.issuer.replace(/\/+$/, '')
  const attributes = await createAttributes({ attributes: login!.attributes!, defaultCountry: login!.defaultCountry })
  const client = createIssuerClient({ issuer, clock: createClock() })

  async function post (
    named: Credentials,
    path: string,
    params: Record<string, string>,
    headers: Record<string, string> = {}
  ): Promise<Response> {
    return await client.send(path, {
      method: 'POST', headers: { ...headers, authorization: basic(named.id, named.secret ?? '') }, body: new URLSearchParams(params)
    })
  }

  async function token (
    named: Credentials, params: Record<string, string>, caller: Caller, path = '/v1/oauth/token'
  ): Promise<ProxyAnswer> {
    const response = await post(named, path, params, headersFor(caller))
    const body = await response.json() as TokenResponse
    return { body, refreshTokenExpiresIn: options.refreshTokenTtl ?? MONTH, device: response.headers.get(DEVICE_HEADER) ?? undefined }
  }

  function actionsOf (named: Credentials): Pick<ProxiedClient, 'logIn' | 'challenge' | 'refresh' | 'logOut'> {
    return {
      logIn: ({ params }, caller) => token(named, { ...params, grant_type: 'password' }, caller).catch(explain(invalidCredentials)),
      challenge: (params, caller) => token(named, params, caller, '/v1/oauth/challenge').catch(explain(invalidCredentials)),
      refresh: (refreshToken, scope, caller) =>
        token(named, { grant_type: 'refresh_token', refresh_token: refreshToken, ...(scope && { scope }) }, caller)
          .catch(explain(invalidRefreshToken)),
      async logOut (refreshToken) {
        if (refreshToken !== undefined) {
          await post(named, '/v1/oauth/revoke', { token: refreshToken, token_type_hint: 'refresh_token' }).catch(explain(misconfigured))
        }
      }
    }
  }

  return {
    login: { attributes, prefix: login!.prefix ?? '' },
    site: siteOf(host, options),
    address: (options.appUrl?.replace(/\/+$/, '') ?? new URL(issuer).origin) + host.prefix + (options.prefix ?? ''),
    prefix: options.prefix ?? '',
    corsOrigins: (options.corsOrigins ?? []).map(origin),
    rateLimit: options.rateLimit ?? 'on',
    hostDocument: options.hostDocument ?? true,
    factors: true,
    // Only the issuer can verify the MAC
    isRefreshToken: looksLikeRefreshToken,
    async find (slug) {
      const named = Object.hasOwn(clients, slug) ? clients[slug] : undefined
      if (!named) throw noSuchProxy(slug)
      return { slug, tokenInBody: options.refreshTokenInBody ?? true, ...actionsOf(named) }
    }
  }
}

function origin (text: string): string {
  const found = readOrigin(text)
  if (found === null) throw new ConfigError([{ name: 'corsOrigins', message: `holds ${text}, which is not an origin` }])
  return found
}

/** The site of the app that serves the proxies, not that of the issuer. */
function siteOf (host: FastifyInstance, { appUrl, prefix = '', env = false }: RemoteProxyOptions): Site {
  const { mount, https } = placeOf(host)
  const address = createAddress(appUrl, { port: DEFAULT_PORT, path: mount + prefix, https })
  followPort(host, address)
  return { get appUrl () { return address.appUrl }, sources: { names: {}, prefixedOnly: !env } }
}

/** Passes on who sent the request. The issuer accepts the address if the client is marked as a trusted proxy. */
function headersFor ({ ip, userAgent, device }: Caller): Record<string, string> {
  return {
    ...(readAddress(ip) !== null && { [CLIENT_IP_HEADER]: ip }),
    ...(userAgent !== undefined && { 'user-agent': userAgent }),
    ...(device !== undefined && { [DEVICE_HEADER]: device })
  }
}

/** Distinguishes wrong credentials, a busy issuer, an unreachable one, and a client that lacks a permission. */
function explain (invalidGrant: (cause: unknown) => Error) {
  return (error: unknown): never => {
    if (!(error instanceof RefusedByIssuer)) throw (error as { statusCode?: number }).statusCode ? error : unavailable(error)
    const { body, statusCode } = error
    const { code, auth_session: authSession, factors } = body
    if (authSession !== undefined) throw incomplete({ code, authSession, factors }, error)
    if (body.error === 'invalid_grant') throw invalidGrant(error)
    if (body.error === 'invalid_session') throw invalidAuthSession(error)
    if (body.error === 'invalid_scope') throw badScope(body.error_description ?? 'is not allowed')
    if (statusCode === 429) throw throttled(error)
    throw statusCode >= 500 ? unavailable(error) : misconfigured(error)
  }
}
