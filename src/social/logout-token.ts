import type { JWTPayload, ProtectedHeaderParameters } from 'jose'
import { hashSecret } from '../crypto/secrets.ts'
import type { LogoutTokenUse, MeantUpstream } from '../sessions/upstream-origin.ts'
import { clientsOf, type OpenIdProvider, type Provider } from './ports.ts'
import { SIGNATURES, verifyToken, type KeptKeys } from './provider-keys.ts'
import { isObject, objectOf, readText } from './read-claims.ts'
import { isOfTenant } from './upstream-claims.ts'
import { CLOCK_TOLERANCE } from './upstream-configuration.ts'
import { UpstreamError } from './upstream-error.ts'

/** Which sessions end, and under what it is remembered that the token was used, until when. */
export type LogoutToken = { meant: MeantUpstream, once: LogoutTokenUse }

type Context = { provider: Provider, keys: KeptKeys, now: () => number }

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const TYPES = new Set<unknown>([undefined, 'jwt', 'logout+jwt', 'application/logout+jwt'])
/** Seconds for which a token may be valid: it is remembered as long, and two minutes are recommended. */
const MAX_LIFETIME = 86_400

/**
 * OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6. Anybody may send one: the provider is asked for its keys only for what it
 * could have signed.
 * @throws UpstreamError, or an error of jose
 */
export async function readLogoutToken ({ provider, keys, now }: Context, token: string): Promise<LogoutToken> {
  if (provider.kind !== 'openid') throw wrong('comes from a provider without OpenID')
  const { decodeJwt, decodeProtectedHeader } = await import('jose')
  const problem = problemBefore(provider, decodeProtectedHeader(token), decodeJwt(token))
  if (problem !== null) throw wrong(problem)
  const { exp, iat, jti, sub, sid: said, ...claims } = (await verifyToken({ provider, keys, now }, token, ['iss', 'aud', 'iat', 'exp', 'jti'])).payload
  if (exp! - iat! > MAX_LIFETIME || iat! > now() / 1000 + CLOCK_TOLERANCE) throw wrong('is valid for too long')
  if (readText(jti) === null) throw wrong('has no usable jti')
  const [subject, sid] = [sub === undefined ? null : provider.read({ ...claims, sub, sid: said })?.subject ?? null, readText(said)]
  if (subject === null && sid === null) throw wrong('names neither a user nor a session')
  return {
    meant: { provider: provider.name, subject, sid },
    once: {
      hash: hashSecret(`logout:${provider.name}:${jti}`), expiresAt: new Date((exp! + CLOCK_TOLERANCE) * 1000),
      signed: { issued: Math.floor(iat!), at: now() }
    }
  }
}

/** What can be said without keys; none of it is proven yet. */
function problemBefore (
  provider: OpenIdProvider, { alg = '', typ }: ProtectedHeaderParameters, { iss, aud, tid, events, nonce }: JWTPayload
): string | null {
  if (!SIGNATURES.has(alg)) return 'has no signature of the provider'
  // RFC 8725 section 3.11
  if (!TYPES.has(typ?.toLowerCase())) return 'is a token of another kind'
  if (!isIssuer(provider, iss) || !isOfTenant(provider, { iss, tid })) return 'is of another issuer'
  const clients = clientsOf(provider)
  if (aud === undefined || ![aud].flat().every((one) => clients.includes(one))) return 'was issued for another application'
  // An id token is no logout token: it is not secret
  if (nonce !== undefined || !isObject(objectOf(events)[EVENT])) return 'is no logout token'
  return null
}

/** Whether it could be; the metadata says how it is spelled. */
function isIssuer ({ issuer, issuerTemplate }: OpenIdProvider, iss: string | undefined): boolean {
  if (issuerTemplate !== undefined) return true
  return iss !== undefined && URL.canParse(iss) && new URL(iss).href === new URL(issuer).href
}

const wrong = (why: string) => new UpstreamError('failed', `a logout token ${why}`)
