import { parseJson } from '../http/json.ts'
import type { ClaimRequest, ClaimsRequest } from '../oauth/ports.ts'
import { covers } from '../oauth/scopes.ts'
import { isAcr, reachesAcr } from './acr.ts'
import { scopeOfClaim, SUPPORTED_CLAIMS } from './claims.ts'

const MAX_BYTES = 4096

/**
 * The `claims` parameter (OpenID Connect Core section 5.5), restricted to supported claims.
 * @returns null when it is not valid
 */
export function parseClaims (text: string): ClaimsRequest | null {
  if (Buffer.byteLength(text) > MAX_BYTES) return null
  const value = parsed(text)
  if (!isObject(value)) return null
  const members = [value['id_token'], value['userinfo']].map((member) => member ?? {})
  if (!members.every((member) => isObject(member) && Object.values(member).every(isClaim))) return null
  const [idToken, userinfo] = members.map((member) => known(member as Record<string, ClaimRequest>))
  return { id_token: idToken!, userinfo: userinfo! }
}

/** The request without claims whose scope the client may not have: they are left out like unsupported claims (section 5.5.1). */
export function allowedClaims (claims: ClaimsRequest, may: (scope: string) => boolean): ClaimsRequest {
  const isAllowed = (name: string) => {
    const scope = scopeOfClaim(name)
    return scope === undefined || may(scope)
  }
  return { id_token: pick(claims.id_token, isAllowed), userinfo: pick(claims.userinfo, isAllowed) }
}

/** Scopes that cover the requested claims: the user consents to them as to requested scopes (section 3.1.2.4). */
export function scopesOfClaims ({ id_token: idToken, userinfo }: ClaimsRequest): string[] {
  return [...new Set([idToken, userinfo].flatMap((claims) => Object.keys(claims ?? {}).flatMap((name) => scopeOfClaim(name) ?? [])))]
}

/** Whether the user may be the requested subject (section 5.5.1); tokens of another user must not be issued (section 3.1.2.2). */
export function isSubject ({ id_token: idToken, userinfo }: ClaimsRequest, userId: string): boolean {
  return [idToken, userinfo].every((claims) => fits(claims?.['sub'], (value) => value === userId))
}

/** Whether some login reaches the essential `acr`, if there is one (section 5.5.1.1). */
export function isPossibleAcr (claims: ClaimsRequest): boolean {
  return fits(essentialAcr(claims), isAcr)
}

/** A login that does not reach an essential `acr` has failed (section 5.5.1.1); a stronger one than requested reaches it. */
export function isReachedAcr (claims: ClaimsRequest, amr: readonly string[]): boolean {
  return fits(essentialAcr(claims), (value) => reachesAcr(amr, value))
}

function essentialAcr ({ id_token: idToken }: ClaimsRequest): ClaimRequest | undefined {
  const acr = idToken?.['acr']
  return acr?.essential === true ? acr : undefined
}

/**
 * Names of the requested claims that a token gives, among those the client may currently have: all of them, or those covered by the token's
 * own scopes when a refresh has narrowed it (RFC 6749 section 6).
 */
export function givenClaims (
  claims: Record<string, unknown> | null | undefined,
  { scopes, granted, may }: { scopes: readonly string[], granted: readonly string[], may: (scope: string) => boolean }
): string[] {
  // A scope that the client may no longer have does not make the token narrowed
  const isWhole = granted.every((scope) => covers(scopes, scope) || !may(scope))
  return Object.keys(claims ?? {}).filter((name) => {
    const scope = scopeOfClaim(name)
    return scope !== undefined && may(scope) && (isWhole || covers(scopes, scope))
  })
}

function parsed (text: string): unknown {
  try {
    return parseJson(Buffer.from(text))
  } catch {
    return null
  }
}

function isClaim (value: unknown): boolean {
  if (value === null) return true
  if (!isObject(value)) return false
  const { essential, values } = value
  return (essential === undefined || typeof essential === 'boolean') && (values === undefined || Array.isArray(values))
}

/** A request with both `value` and `values` must satisfy both. */
function fits (requested: ClaimRequest | undefined, satisfies: (value: unknown) => boolean): boolean {
  const { value, values } = requested ?? {}
  return (value === undefined || satisfies(value)) && (values === undefined || values.some(satisfies))
}

const known = (claims: Record<string, ClaimRequest>) => pick(claims, (name) => SUPPORTED_CLAIMS.includes(name))

function pick (claims: Record<string, ClaimRequest> | undefined, keeps: (name: string) => boolean): Record<string, ClaimRequest> {
  return Object.fromEntries(Object.entries(claims ?? {}).filter(([name]) => keeps(name)))
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
