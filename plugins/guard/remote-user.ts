import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { issuerUnavailable, RefusedByIssuer, type IssuerClient } from '../../src/remote/issuer-client.ts'
import type { AccessTokenClaims } from '../../src/oauth/token/access-token.ts'
import { userInfoEndpoint } from '../../src/oauth/resources.ts'
import type { Profile } from '../../src/users/ports.ts'

/** The user of a token, as the issuer reports it; null when the token opens no endpoint there that describes its user. */
export type RemoteUser = (claims: AccessTokenClaims, token: string) => Promise<Profile | null>

const REFUSALS = new Set([401, 403])
const Text = Type.Optional(Type.String())
/** OpenID Connect Core section 5.1: which claims are present depends on the scopes of the token. */
const UserInfo = Type.Object({
  sub: Type.String(), name: Text, preferred_username: Text, email: Text, phone_number: Text, locale: Text,
  updated_at: Type.Optional(Type.Number())
})

export function createRemoteUser (client: Pick<IssuerClient, 'json'>, issuer: string): RemoteUser {
  let userInfo: ReturnType<typeof compiled> | undefined
  const ask = (path: string, token: string) =>
    client.json(path, { headers: { authorization: `Bearer ${token}` } }).catch((error: unknown) => {
      // A refused token is an answer of the issuer; any other failure means that it is unavailable
      throw error instanceof RefusedByIssuer && REFUSALS.has(error.statusCode) ? error : issuerUnavailable(error)
    })

  return async ({ aud }, token) => {
    const audience = [aud].flat()
    if (audience.includes(issuer)) return fromProfile(await ask('/v1/profile', token) as ProfileAnswer)
    // A token for this service also opens userinfo if userinfo is in its audience
    if (!audience.includes(userInfoEndpoint(issuer))) return null
    userInfo ??= compiled()
    return fromUserInfo(userInfo.Parse(await ask('/v1/oauth/userinfo', token)))
  }
}

type ProfileAnswer = Record<string, string> & { profile?: Profile['profile'], pending?: unknown }

function fromProfile (body: ProfileAnswer): Profile {
  const { id, name, created_at: createdAt, locale, profile, pending: _pending, ...attributes } = body
  const identifiers = Object.entries(attributes).map(([attribute, display]) => ({ attribute, display, verifiedAt: null }))
  return {
    id: id!, name: name ?? null, locale: locale ?? null, ...(profile && { profile }),
    createdAt: new Date(createdAt!), claimsChangedAt: null, disabledAt: null,
    identifiers
  }
}

/** Compiled at first use, because most guards are local. */
const compiled = () => Compile(UserInfo)

function fromUserInfo (
  { sub, name, preferred_username: username, email, phone_number: phone, locale, updated_at: changed }: Static<typeof UserInfo>
): Profile {
  const identifiers = Object.entries({ email, phone, username }).flatMap(([attribute, display]) =>
    display === undefined ? [] : { attribute, display, verifiedAt: null }
  )
  return {
    id: sub, name: name ?? null, locale: locale ?? null, createdAt: madeAt(sub),
    claimsChangedAt: changed === undefined ? null : new Date(changed * 1000),
    disabledAt: null, identifiers
  }
}

/** User ids are UUIDs of version 7, which start with a timestamp in milliseconds (RFC 9562 section 5.7). */
function madeAt (id: string): Date {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16))
}
