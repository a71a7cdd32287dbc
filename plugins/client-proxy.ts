import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Issued } from '../src/oauth/token/grants/index.ts'
import type { Caller } from '../src/oauth/ports.ts'
import type { RemoteProxyOptions } from '../src/config/options.ts'
import type { Attributes } from '../src/users/attributes.ts'
import type { Login } from '../src/users/login-candidates.ts'
import { closedScope, under } from './http/closed-scope.ts'
import { loadRoutes } from './http/load-routes.ts'
import { markRegistered, refuseSecond } from './http/plugin-registration.ts'
import { localProxy } from './proxy/local.ts'
import { createProxyAnswer, createRefreshCookie } from './proxy/refresh-cookie.ts'
import { isRemote } from './guard/is-remote.ts'
import { sameOrigin, type Site } from './http/same-origin.ts'
import servicesPlugin, { type ServicesOptions } from './services.ts'
import { internals } from './internals.ts'

/** The result of a login or refresh that is sent to the caller. */
export type ProxyAnswer = Pick<Issued, 'body' | 'refreshTokenExpiresIn' | 'device'>

/** A client whose id and secret stay on the server. */
export type ProxiedClient = {
  slug: string
  /** Whether the answer carries the refresh token in its body as well as in the cookie. */
  tokenInBody: boolean
  logIn: (login: Login, caller: Caller) => Promise<ProxyAnswer>
  /** Goes on with a login at which the second factor is missing. */
  challenge: (params: Record<string, string>, caller: Caller) => Promise<ProxyAnswer>
  refresh: (token: string, scope: string | undefined, caller: Caller) => Promise<ProxyAnswer>
  /** Does nothing for a token that was not issued here or whose session has ended. */
  logOut: (token: string | undefined, caller: Caller) => Promise<void>
}

/** What the proxy routes need: implemented in the process of the server, and remotely over HTTP. */
export type ProxyBackend = {
  login: { attributes: Attributes, prefix: string }
  site: Site
  corsOrigins: string[]
  rateLimit: 'on' | 'off'
  hostDocument: boolean
  /** Whether logins may need a second factor. */
  factors: boolean
  prefix: string
  /** The public address of the proxies; the path and scheme of their cookies follow from it. */
  address: string
  /** @throws 404 for a name without proxy routes */
  find: (slug: string) => Promise<ProxiedClient>
  /** Whether a text is a refresh token that was issued here, as far as this process can tell without a request or query. */
  isRefreshToken: (text: string) => boolean
}

export type ClientProxy = Pick<ProxyBackend, 'login' | 'factors' | 'isRefreshToken'> & {
  answer: (reply: FastifyReply, client: Pick<ProxiedClient, 'slug' | 'tokenInBody'>, issued: ProxyAnswer) => FastifyReply
  clearCookie: (reply: FastifyReply, slug: string) => void
}

export type ClientProxyOptions = ServicesOptions | RemoteProxyOptions

async function clientProxy (host: FastifyInstance, options: ClientProxyOptions): Promise<void> {
  if (isRemote(options)) return addProxies(host, await (await import('./proxy/remote.ts')).remoteProxy(host, options))
  host.register(servicesPlugin, options as ServicesOptions)
  host.register(fp(async (app) => addProxies(app, localProxy(internals(app), app.prefix)), { name: 'latchkey-proxies' }))
}

function addProxies (host: FastifyInstance, backend: ProxyBackend): void {
  refuseSecond(host, ['clientProxy'], backend.prefix)
  markRegistered(host, ['clientProxy'], backend.prefix)
  const cookie = createRefreshCookie(backend.address)
  const answer = createProxyAnswer(backend.address)

  host.register(async (scope) => {
    closedScope(scope, {
      appUrl: backend.address, corsOrigins: backend.corsOrigins, rateLimit: backend.rateLimit,
      hostDocument: backend.hostDocument
    })
    scope.decorate('clientProxy', { login: backend.login, factors: backend.factors, isRefreshToken: backend.isRefreshToken, answer, clearCookie: cookie.clear })
    scope.decorateRequest('proxied', null as never)
    const isOwn = sameOrigin(backend.site, backend.corsOrigins)
    const find = async (request: FastifyRequest) => {
      // Before validation: an unknown client is 404 whatever the fields are
      request.proxied = await backend.find((request.params as { client: string }).client)
      request.body ??= {}
    }
    // Added per route, not per scope: tracing libraries wrap the hooks of a scope, and a wrapped hook would be removed as one of the host
    scope.addHook('onRoute', (route) => { route.preValidation = [isOwn, find, ...[route.preValidation ?? []].flat()] })
    loadRoutes(scope, { folder: 'v1/clients', prefix: '/v1/clients' })
  }, under(backend.prefix))
}

export default fp(clientProxy, { name: 'latchkey-client-proxy', fastify: '5.x' })

declare module 'fastify' {
  interface FastifyInstance {
    clientProxy: ClientProxy
  }
  interface FastifyRequest {
    /** The client that the path of a proxy route names. */
    proxied: ProxiedClient
  }
}
