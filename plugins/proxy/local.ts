import { LoginIncomplete, OAuthError } from '../../src/oauth/errors.ts'
import { SLUG } from '../../src/clients/slug.ts'
import { hashSecret } from '../../src/crypto/secrets.ts'
import type { Client } from '../../src/oauth/ports.ts'
import type { Services } from '../../src/compose/services.ts'
import type { ProxiedClient, ProxyBackend } from '../client-proxy.ts'
import { badScope, incomplete, invalidAuthSession, invalidCredentials, invalidRefreshToken, misconfigured, noSuchProxy } from './errors.ts'

/** @throws HttpError 404 for a name without proxy routes */
export async function proxiedClient ({ config, clients }: Pick<Services, 'config' | 'clients'>, slug: string): Promise<Client> {
  const client = config.passwordGrant === 'on' && SLUG.test(slug) ? await clients.findProxied(slug) : null
  if (!client) throw noSuchProxy(slug)
  return client
}

/**
 * The client proxies in the process of the server: they need no client secret and send no HTTP request.
 * @param mount prefix of the scope in which the proxies are registered
 */
export function localProxy ({ config, clients, oauth: { token }, sessions, users }: Services, mount: string): ProxyBackend {
  const login = { attributes: users.attributes, prefix: config.login.prefix }

  function actionsOf (client: Client): Pick<ProxiedClient, 'logIn' | 'challenge' | 'refresh' | 'logOut'> {
    return {
      async logIn ({ params, candidates }, caller) {
        return await token.issueFor(client, 'password', { params, caller, candidates }).catch(explain(invalidCredentials))
      },
      async challenge (params, caller) {
        return await token.challengeFor(client, { params, caller }).catch(explain(invalidCredentials))
      },
      async refresh (refreshToken, scope, caller) {
        const params = { refresh_token: refreshToken, ...(scope && { scope }) }
        return await token.issueFor(client, 'refresh_token', { params, caller }).catch(explain(invalidRefreshToken))
      },
      async logOut (text, caller) {
        const refreshToken = text === undefined ? null : sessions.refreshTokens.decode(text)
        if (!refreshToken) return
        const { sessionId, secret } = refreshToken
        await sessions.sessionEnds.bySecret({ sessionId, secretHash: hashSecret(secret), clientId: client.id }, { reason: 'logout', caller })
      }
    }
  }

  return {
    site: config,
    address: config.appUrl + mount + config.prefix,
    corsOrigins: config.corsOrigins,
    rateLimit: config.rateLimit,
    hostDocument: config.hostDocument,
    factors: config.factors === 'on',
    prefix: config.prefix,
    login,
    isRefreshToken: (text) => sessions.refreshTokens.decode(text) !== null,
    async find (slug) {
      const client = await proxiedClient({ config, clients }, slug)
      return { slug, tokenInBody: client.refreshTokenInBody, ...actionsOf(client) }
    }
  }
}

/** Maps errors of the protocol to those of a caller that is not an OAuth client. */
export function explain (invalidGrant: (cause: unknown) => Error) {
  return (error: unknown): never => {
    if (!(error instanceof OAuthError)) throw error
    if (error instanceof LoginIncomplete) throw incomplete(error, error)
    if (error.error === 'invalid_grant') throw invalidGrant(error)
    if (error.error === 'invalid_session') throw invalidAuthSession(error)
    if (error.error === 'invalid_scope') throw badScope(error.description)
    throw misconfigured(error)
  }
}
