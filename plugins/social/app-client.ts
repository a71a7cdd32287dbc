import type { FastifyReply, FastifyRequest } from 'fastify'
import { userBehind } from '../../src/clients/trusted-proxy.ts'
import { callerOf } from '../../src/http/caller.ts'
import { unauthorizedClient } from '../../src/oauth/errors.ts'
import type { Caller, Client } from '../../src/oauth/ports.ts'
import { DEVICE_HEADER } from '../../src/throttle/known-devices.ts'
import type { ProxyAnswer } from '../client-proxy.ts'
import { unprocessable } from '../http/unprocessable.ts'
import type { Internals } from '../internals.ts'
import { misconfigured } from '../proxy/errors.ts'
import { proxiedClient } from '../proxy/local.ts'
import { createProxyAnswer } from '../proxy/refresh-cookie.ts'

/** The client that an app logs in with, and how it is answered. */
export type AppClient = { client: Client, caller: Caller, answer: (reply: FastifyReply, issued: ProxyAnswer) => FastifyReply }

/** Whether a request names a client whose secret stays here, so that it could come from a page of another site. */
export function isProxied ({ body }: Pick<FastifyRequest, 'body'>): boolean {
  return (body as { client?: unknown } | null | undefined)?.client !== undefined
}

/**
 * By its slug, as the client proxies find it, or by client authentication, as at the token endpoint.
 * @throws HttpError 404, 422; OAuthError invalid_client, unauthorized_client
 */
export function createFindAppClient ({ config, clients, oauth }: Pick<Internals, 'config' | 'clients' | 'oauth'>) {
  const answerProxied = createProxyAnswer(config.issuer)
  /** As for the password grant: third parties send users to the authorization endpoint (RFC 9700 section 2.4). */
  const mayLogIn = ({ firstParty, grantTypes, authMethod }: Client) =>
    config.passwordGrant === 'on' && firstParty && grantTypes.includes('password') && authMethod !== 'none'

  async function bySlug (slug: string, caller: Caller): Promise<AppClient> {
    const client = await proxiedClient({ config, clients }, slug)
    if (!mayLogIn(client)) throw misconfigured(unauthorizedClient('The client may not use the grant type password'))
    const answer: AppClient['answer'] = (reply, issued) => answerProxied(reply, { slug, tokenInBody: client.refreshTokenInBody }, issued)
    return { client, caller, answer }
  }

  return async (request: FastifyRequest, body: { client?: string, client_id?: string }): Promise<AppClient> => {
    const { authorization } = request.headers
    const authenticates = body.client_id !== undefined || /^basic( |$)/i.test(authorization ?? '')
    const caller = callerOf(request)
    if (body.client !== undefined) {
      if (authenticates) throw unprocessable({ client: [{ code: 'surplus', of: ['client', 'client_id'] }] })
      return await bySlug(body.client, caller)
    }
    if (!authenticates) throw unprocessable({ client: [{ code: 'one_required', others: ['client_id'] }] })
    const client = await oauth.authenticateClient({ authorization, params: body, caller })
    if (!mayLogIn(client)) throw unauthorizedClient('The client may not log users in')
    return { client, caller: userBehind(client, caller), answer }
  }
}

function answer (reply: FastifyReply, { body, device }: ProxyAnswer): FastifyReply {
  if (device !== undefined) reply.header(DEVICE_HEADER, device)
  return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(body)
}
