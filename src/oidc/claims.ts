import { ANY } from '../oauth/scopes.ts'
import type { Profile } from '../users/ports.ts'

/** Scopes of OpenID Connect Core section 5.4, with what a user allows by them. */
export const OIDC_SCOPES: Record<string, string> = {
  openid: 'Know who you are',
  profile: 'See your name and user name',
  email: 'See your e-mail address',
  phone: 'See your phone number',
  address: 'See your postal address',
  offline_access: 'Stay signed in'
}

const CLAIMS_OF: Record<string, readonly string[]> = {
  profile: ['name', 'preferred_username', 'locale', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified']
}

/** The scope that covers a login attribute; attributes defined by the operator are covered by none. */
const SCOPE_OF: Record<string, string | undefined> = { email: 'email', phone: 'phone', username: 'profile' }

export const SUPPORTED_CLAIMS = [
  'sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'sid',
  ...Object.values(CLAIMS_OF).flat()
]

const COVERS = new Map(Object.entries(CLAIMS_OF).flatMap(([scope, names]) => names.map((name) => [name, scope] as const)))

/** The scope that covers a claim; undefined for claims that every token has. */
export const scopeOfClaim = (name: string): string | undefined => COVERS.get(name)

export type UserClaims = Record<string, string | number | boolean>

/** OpenID Connect Core section 5.1, as far as the profile has the claims. */
function everything ({ name, locale, identifiers, createdAt, claimsChangedAt }: Profile): UserClaims {
  const find = (attribute: string) => identifiers.find((identifier) => identifier.attribute === attribute)
  const [email, phone, username] = [find('email'), find('phone'), find('username')]
  return {
    ...(name && { name }),
    ...(username && { preferred_username: username.display }),
    ...(locale && { locale }),
    updated_at: Math.floor((claimsChangedAt ?? createdAt).getTime() / 1000),
    ...(email && { email: email.display, email_verified: email.verifiedAt !== null }),
    ...(phone && { phone_number: phone.display, phone_number_verified: phone.verifiedAt !== null })
  }
}

/** The part of a profile that scopes disclose to a third-party client. */
export function visibleProfile ({ profile: _own, ...profile }: Profile, can: (scope: string) => boolean): Profile {
  const shown = (attribute: string) => Object.hasOwn(SCOPE_OF, attribute) ? can(SCOPE_OF[attribute]!) : can(ANY)
  return {
    ...profile, name: can('profile') ? profile.name : null, locale: can('profile') ? profile.locale : null,
    identifiers: profile.identifiers.filter(({ attribute }) => shown(attribute))
  }
}

/** The claims requested by scopes and a `claims` parameter (section 5.5). Claims that the profile lacks are left out. */
export function userClaims (profile: Profile, scopes: readonly string[], requested: readonly string[] = []): UserClaims {
  const wanted = new Set([...scopes.flatMap((scope) => CLAIMS_OF[scope] ?? []), ...requested])
  return Object.fromEntries(Object.entries(everything(profile)).filter(([name]) => wanted.has(name)))
}
