import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Test } from 'tap'
import { APP_CALLBACK } from './app-upstream.ts'
import { CLIENT, startUpstream, type UpstreamServer } from './upstream.ts'

export type TokenUpstream = UpstreamServer & {
  /** Whether a login brings a refresh token. */
  gives: { refreshToken: boolean }
  /** The refresh tokens that were sent to it. */
  refreshed: string[]
  /** Runs before it answers a refresh token; answers itself if it returns true. */
  meanwhile: ((response: ServerResponse) => Promise<boolean>) | null
  /** What it says about the owner of an access token: 200 for one that is valid. */
  accepts: (accessToken: string) => Promise<number>
  /** Ends all tokens of a user there. */
  revoke: (sub: string) => Promise<void>
}

/** Seconds for which an access token is valid. */
const LIFETIME = 120

type Grants = { revokeByGrantId: (id: string) => Promise<void> }

/** A provider whose refresh tokens count once: a second use ends all tokens of the grant. */
export async function startTokenUpstream (t: Test): Promise<TokenUpstream> {
  const gives = { refreshToken: true }
  const upstream = await startUpstream(t, [], {
    clients: [{
      client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
      redirect_uris: ['acme', 'other'].map((name) => `http://localhost:3000/v1/auth/${name}/callback`).concat(APP_CALLBACK)
    }],
    issueRefreshToken: () => gives.refreshToken,
    rotateRefreshToken: true,
    // Two of one second are different tokens
    claims: { openid: ['sub', 'ticket'], email: ['email', 'email_verified'], profile: ['name', 'locale'] },
    ttl: { AccessToken: LIFETIME, RefreshToken: 86_400 }
  })
  const grants = new Map<string, string[]>()
  upstream.provider.on('grant.success', ({ oidc: { entities } }) => {
    const { accountId, grantId } = (entities.RefreshToken ?? entities.AuthorizationCode)!
    grants.set(accountId!, [...grants.get(accountId!) ?? [], grantId!])
  })
  const all: TokenUpstream = {
    ...upstream,
    get person () { return upstream.person },
    set person (person) { upstream.person = person },
    gives,
    refreshed: [],
    meanwhile: null,
    accepts: async (accessToken) => (await fetch(`${upstream.issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status,
    async revoke (sub) {
      const { RefreshToken, AccessToken } = upstream.provider as unknown as Record<'RefreshToken' | 'AccessToken', Grants>
      for (const grant of grants.get(sub) ?? []) {
        await RefreshToken.revokeByGrantId(grant)
        await AccessToken.revokeByGrantId(grant)
      }
    }
  }
  const handle = upstream.provider.callback()
  const rest = upstream.server.listeners('request')
  upstream.server.removeAllListeners('request')
  upstream.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== '/token') return rest.forEach((listener) => listener(request, response))
    answer(request, response).catch(() => response.destroy())
  })

  /** Reads the body, which oidc-provider then takes from the request. */
  async function answer (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = String(Buffer.concat(parts))
    const token = new URLSearchParams(body).get('refresh_token')
    if (token !== null) {
      all.refreshed.push(token)
      if (await all.meanwhile?.(response)) return
    }
    await handle(Object.assign(request, { body: Object.fromEntries(new URLSearchParams(body)) }), response)
  }

  return all
}
