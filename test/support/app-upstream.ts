import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { CLIENT, startUpstream, through, type Person, type UpstreamServer } from './upstream.ts'

/** Of the application itself, which gets what the provider answers. */
export const APP_CALLBACK = 'https://app.example.com/callback'

/** An application at a provider. */
export type UpstreamApp = { clientId: string, clientSecret: string }

/** Its iOS app, and an application of somebody else. */
export const IOS: UpstreamApp = { clientId: 'latchkey-ios', clientSecret: 'a secret of the iOS app at the provider' }
export const STRANGER: UpstreamApp = { clientId: 'a-game', clientSecret: 'a secret of another application there' }

/** A provider with applications of several owners, which can say whose an access token is, unless `introspection` is false. */
export async function startAppUpstream (
  t: Test, { introspection = true, ...settings }: { introspection?: boolean } & Record<string, unknown> = {}
): Promise<UpstreamServer> {
  return await startUpstream(t, [APP_CALLBACK], {
    clients: [CLIENT, IOS, STRANGER].map(({ clientId, clientSecret }) => ({
      client_id: clientId, client_secret: clientSecret, redirect_uris: [APP_CALLBACK, 'http://localhost:3000/v1/auth/acme/callback'],
      grant_types: ['authorization_code'], response_types: ['code']
    })),
    // Two of one second are different tokens
    claims: { openid: ['sub', 'ticket'], email: ['email', 'email_verified'], profile: ['name', 'locale'] },
    features: { devInteractions: { enabled: false }, introspection: { enabled: introspection } },
    ...settings
  })
}

export type AppCode = { code: string, redirect_uri: string, code_verifier: string }

/** What an app gets back from the provider when somebody logs in there. */
export async function codeOf (
  upstream: UpstreamServer,
  person: Person,
  { app = CLIENT, nonce, redirectUri = APP_CALLBACK }: { app?: UpstreamApp, nonce?: string, redirectUri?: string } = {}
): Promise<AppCode> {
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL(`${upstream.issuer}/auth`)
  url.search = String(new URLSearchParams({
    client_id: app.clientId, response_type: 'code', scope: 'openid email profile', redirect_uri: redirectUri, ...(nonce !== undefined && { nonce }),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256'
  }))
  const back = new URL(await through(url.href, { ...person, ticket: randomUUID() } as Person, upstream))
  const code = back.searchParams.get('code')
  if (code === null) throw new Error(`The provider sent the browser to ${back.href}`)
  return { code, redirect_uri: redirectUri, code_verifier: verifier }
}

/** The tokens that an app gets when it redeems its code itself. */
export async function tokensOf (
  upstream: UpstreamServer, person: Person, options: { app?: UpstreamApp, nonce?: string } = {}
): Promise<{ id_token: string, access_token: string }> {
  const { clientId, clientSecret } = options.app ?? CLIENT
  const answer = await fetch(`${upstream.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', ...await codeOf(upstream, person, options) }),
    headers: { authorization: `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}` }
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`The provider answered ${answer.status}: ${text}`)
  return JSON.parse(text) as { id_token: string, access_token: string }
}
