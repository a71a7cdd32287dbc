import type { Configuration } from 'openid-client'
import { UpstreamError } from './upstream-error.ts'
import type { AsClient } from './our-client.ts'
import { clientsOf, type OpenIdProvider, type Provider, type UpstreamClaims } from './ports.ts'
import { verifyToken, type KeptKeys } from './provider-keys.ts'
import { objectOf } from './read-claims.ts'
import type { TokenAnswer } from './upstream-tokens.ts'
import { askProvider, isOfTenant, openIdClaims, profileClaims } from './upstream-claims.ts'
import { CLOCK_TOLERANCE } from './upstream-configuration.ts'
import { onceOf, type Once } from './used-proofs.ts'

/** With what an app shows who has logged in at a provider. */
export type Proof =
  | { kind: 'code', code: string, redirectUri: string, verifier: string | undefined, nonce: string | undefined }
  | { kind: 'id_token', idToken: string, nonce: string | undefined }
  | { kind: 'oauth_token', accessToken: string }

/**
 * `once`: under what it is remembered, so that it counts once; null for what may be used again. `at`: when the login was, at the latest, in
 * seconds. `tokens`: that were redeemed here.
 */
export type Shown = { said: UpstreamClaims, once: Once | null, at: number | null, tokens?: TokenAnswer }

type Context = { provider: Provider, configuration: Configuration, now: () => number, asClient: AsClient }
type IdTokenContext = { provider: Provider, keys: KeptKeys, now: () => number }

// RFC 6749 section 4.1.2 recommends ten minutes
const CODE_SECONDS = 3600

/** @throws UpstreamError, or an error of openid-client or jose */
export async function readProof (context: Context, proof: Exclude<Proof, { kind: 'id_token' }>): Promise<Shown> {
  if (proof.kind === 'code') return await redeemCode(context, proof)
  return { said: await claimsOfToken(context, proof.accessToken), once: null, at: null }
}

/** Whether the provider can say for which client an access token was issued. */
export function saysWhose ({ tokenCheck }: Provider, configuration: Configuration): boolean {
  return tokenCheck !== undefined || configuration.serverMetadata().introspection_endpoint !== undefined
}

/** RFC 6749 section 4.1.3, RFC 7636 section 4.5. The app has checked `state` and `iss`, which came with the code. */
async function redeemCode (
  { provider, configuration, now, asClient }: Context, { code, redirectUri, verifier, nonce }: Extract<Proof, { kind: 'code' }>
): Promise<Shown> {
  const { genericGrantRequest } = await import('openid-client')
  // As it is written: a comparison there may be exact
  const tokens = await asClient(genericGrantRequest(configuration, 'authorization_code', {
    code, redirect_uri: redirectUri, ...(verifier !== undefined && { code_verifier: verifier })
  }))
  const once = onceOf(`code:${provider.name}:${code}`, CODE_SECONDS)
  if (provider.kind === 'oauth2') return { said: await profileClaims(provider, tokens.access_token), once, at: null, tokens }
  const claims = tokens.claims()
  if (!claims) throw new UpstreamError('failed', 'answered without an id token')
  if (claims.nonce !== nonce) throw new UpstreamError('failed', 'answered with an id token that has another nonce')
  return { said: await openIdClaims(provider, configuration, tokens, now()), once, at: claims.iat, tokens }
}

/**
 * OpenID Connect Core section 3.1.3.7.
 * @throws UpstreamError, or an error of jose
 */
export async function readIdToken ({ provider, keys, now }: IdTokenContext, { idToken, nonce }: Extract<Proof, { kind: 'id_token' }>): Promise<Shown> {
  if (provider.kind !== 'openid') throw new UpstreamError('failed', 'has no id tokens')
  const { payload, protectedHeader } = await verifyToken({ provider, keys, now }, idToken, ['iss', 'sub', 'aud', 'exp', 'iat'])
  const problem = problemOfIdToken(provider, { ...payload, typ: protectedHeader.typ }, nonce)
  if (problem !== null) throw new UpstreamError('failed', `an id token ${problem}`)
  if (payload.iat! > now() / 1000 + CLOCK_TOLERANCE) throw new UpstreamError('failed', 'an id token is of the future')
  const seconds = payload.exp! - now() / 1000 + 2 * CLOCK_TOLERANCE
  // What is signed, since a signature can be written in several ways
  return { said: payload, once: onceOf(`id_token:${idToken.slice(0, idToken.lastIndexOf('.'))}`, seconds), at: payload.iat! }
}

/** What the signature, the issuer and the times do not say. */
function problemOfIdToken (
  provider: OpenIdProvider, { typ, events, aud, azp, nonce: said, iss, tid }: UpstreamClaims, nonce: string | undefined
): string | null {
  // RFC 8725 section 3.11: what the provider has signed for another purpose. OpenID Connect Back-Channel Logout section 2.4
  if ((typ !== undefined && (typeof typ !== 'string' || typ.toLowerCase() !== 'jwt')) || events !== undefined) return 'is a token of another kind'
  const clients = clientsOf(provider)
  const parties = [aud, ...(azp === undefined ? [] : [azp])].flat()
  if (!parties.every((party) => clients.includes(party as string))) return 'was issued for another application'
  if (!isOfTenant(provider, { iss, tid })) return 'is of another issuer'
  return said === nonce ? null : 'has another nonce'
}

/** Of the user of an access token, which must have been issued for this client or one of the apps: no other application may use it here. */
async function claimsOfToken (context: Context, accessToken: string): Promise<UpstreamClaims> {
  const { provider, configuration } = context
  const [issuedTo, ours] = [await clientsOfToken(context, accessToken), clientsOf(provider)]
  if (issuedTo.length === 0 || !issuedTo.every((client) => ours.includes(client))) throw new UpstreamError('failed', 'issued the access token for another application, or it is not valid')
  if (provider.kind === 'oauth2') return await profileClaims(provider, accessToken)
  const client = await import('openid-client')
  return await client.fetchUserInfo(configuration, accessToken, client.skipSubjectCheck)
}

/** Never by `aud`, which is where it may be used: a token of another application may be meant for this client. */
async function clientsOfToken (
  { provider: { tokenCheck }, configuration, asClient }: Context, accessToken: string
): Promise<string[]> {
  if (tokenCheck) {
    const { url, init } = tokenCheck.ask(accessToken)
    const answer = askProvider(url, init, 'an access token')
    return tokenCheck.issuedTo(objectOf(await (tokenCheck.refusals ? asClient(answer, tokenCheck.refusals) : answer)))
  }
  const { tokenIntrospection } = await import('openid-client')
  const introspection = tokenIntrospection(configuration, accessToken, { token_type_hint: 'access_token' })
  const { active, client_id: client } = await asClient(introspection)
  return active === true && client !== undefined ? [client] : []
}
