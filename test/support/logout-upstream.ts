import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { exportJWK, generateKeyPair, SignJWT, type JWTHeaderParameters } from 'jose'
import type { Test } from 'tap'
import { APP_CALLBACK } from './app-upstream.ts'
import { CLIENT, startUpstream, type UpstreamServer } from './upstream.ts'

const CALLBACKS = ['acme', 'other'].map((name) => `http://localhost:3000/v1/auth/${name}/callback`)
export const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

export type LogoutUpstream = UpstreamServer & {
  /** How often it was asked for its keys. */
  keyRequests: () => number
  /** The provider itself tells the application that a login is over. */
  endLogin: (sub: string, sid: string) => Promise<void>
  /** A logout token of the provider's own key, apart from what is wrong with it. */
  sign: (claims: object, header?: Partial<JWTHeaderParameters>) => Promise<string>
  /** To which application the provider speaks. */
  tells: (app: FastifyInstance) => void
}

type ProviderClient = { backchannelLogout: (sub: string, sid: string) => Promise<void> }

/** A provider that tells its applications that a login is over, and names the login in id tokens. */
export async function startLogoutUpstream (t: Test): Promise<LogoutUpstream> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  let told: FastifyInstance | undefined
  const relay = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const headers = { 'content-type': request.headers['content-type'] }
      told!.inject({ method: 'POST', url: request.url!, headers, payload: Buffer.concat(parts) })
        .then(({ statusCode, body }) => response.writeHead(statusCode).end(body), () => response.destroy())
    })
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  t.teardown(() => {
    relay.closeAllConnections()
    relay.close()
  })
  const upstream = await startUpstream(t, CALLBACKS, {
    clients: [{
      client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: [...CALLBACKS, APP_CALLBACK],
      grant_types: ['authorization_code'], response_types: ['code'], backchannel_logout_session_required: true,
      backchannel_logout_uri: `http://127.0.0.1:${(relay.address() as AddressInfo).port}/v1/auth/acme/backchannel-logout`
    }],
    jwks: { keys: [{ ...await exportJWK(privateKey), kid: 'its-key', use: 'sig', alg: 'RS256' }] },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    // Its own refuses to connect to this machine
    fetch: async (url: string, { method, headers, body }: Required<RequestInit>) => await fetch(url, { method, headers, body })
  })
  let keyRequests = 0
  upstream.server.on('request', ({ url }) => { if (url === '/jwks') keyRequests++ })
  return {
    ...upstream,
    get person () { return upstream.person },
    set person (person) { upstream.person = person },
    keyRequests: () => keyRequests,
    tells (app) { told = app },
    async endLogin (sub, sid) {
      await (await upstream.provider.Client.find(CLIENT.clientId) as unknown as ProviderClient).backchannelLogout(sub, sid)
    },
    async sign (claims, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const all = { iss: upstream.issuer, aud: CLIENT.clientId, iat: now, exp: now + 120, jti: randomUUID(), events: EVENTS, ...claims }
      return await new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'its-key', typ: 'logout+jwt', ...header }).sign(privateKey)
    }
  }
}
