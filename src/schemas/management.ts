import { Type, type Static } from 'typebox'
import { MAX_REDIRECT_URI } from '../clients/redirect-uri.ts'
import { MAX_NAME } from '../names/name.ts'
import { PERSONAL_TOKEN_TTL } from '../personal-tokens/ttl.ts'
import { nullable } from './nullable.ts'
import { CurrentPassword } from './account.ts'

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-11-24T13:00:00.000Z'] })
const ScopeNames = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 200, examples: [['orders:read']] })

export const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100, examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }) })

/** RFC 6749 section 3.3: the scopes that can be requested. */
export const ScopeList = Type.Array(Type.Object({
  id: Type.String({ examples: ['orders:read'] }),
  description: Type.String({ examples: ['See your orders'] })
}))

/** A session or browser session with access to the account. */
export const AccessItem = Type.Object({
  id: Type.String({ format: 'uuid' }),
  kind: Type.Union([Type.Literal('session'), Type.Literal('browser')], { description: 'Session of an application, or browser session' }),
  client: nullable(Type.Object({ id: Type.String(), name: Type.String(), first_party: Type.Boolean() })),
  scopes: Type.Array(Type.String()),
  ip: nullable(Type.String()),
  user_agent: nullable(Type.String()),
  created_at: Timestamp,
  last_used_at: Timestamp,
  expires_at: Timestamp,
  current: Type.Boolean({ description: 'Whether this is the session of the request' })
})
export type AccessItem = Static<typeof AccessItem>
export const AccessList = Type.Array(AccessItem)
export const EndExcept = Type.Object({
  except: Type.Optional(Type.Literal('current', { description: 'Keeps the session of the request' }))
}, { additionalProperties: false })

const RedirectUris = Type.Array(Type.String({ maxLength: MAX_REDIRECT_URI }), { maxItems: 50, examples: [['https://app.example.com/callback']] })
const Redirects = Type.Optional(Type.String({ maxLength: 20_000, description: 'The redirect URIs as one string, separated by commas' }))

/**
 * Seconds. During the grace, reuse of a stolen token is not detected (RFC 9700 section 4.14.2), and these clients have users other than
 * their owner.
 */
const MAX_GRACE = 600

const tokenSettings = {
  refresh_grace: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 0, maximum: MAX_GRACE,
        description: 'Seconds in which a refresh token that was already used gets the same successor again; null selects the setting of the server'
      })
    )
  ),
  refresh_token_in_body: Type.Optional(
    Type.Boolean({ description: 'Whether responses of its proxy routes contain the refresh token in the body as well as in the cookie; default: true' })
  )
}

/** Passport's members `name`, `redirect` and `confidential`; those of RFC 7591 where it has some. */
export const NewClientBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: MAX_NAME, examples: ['My app'] }),
  redirect_uris: Type.Optional(RedirectUris),
  redirect: Redirects,
  confidential: Type.Optional(Type.Boolean({ description: 'Whether the client has a secret; default: true' })),
  device: Type.Optional(Type.Boolean({ description: 'Whether the client may use the device grant; without redirect_uris it may use no other' })),
  scopes: Type.Optional(ScopeNames),
  ...tokenSettings
}, { additionalProperties: true, examples: [{ name: 'My app', redirect_uris: ['https://app.example.com/callback'] }] })

export const ClientBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: MAX_NAME }),
  redirect_uris: Type.Optional(RedirectUris),
  redirect: Redirects,
  ...tokenSettings
}, { additionalProperties: true, examples: [{ name: 'My app', redirect_uris: ['https://app.example.com/callback'] }] })

const clientMembers = {
  id: Type.String({ description: 'The client_id', examples: ['lk_client_5f0c…'] }),
  client_id: Type.String(),
  name: Type.String(),
  redirect_uris: Type.Array(Type.String()),
  grant_types: Type.Array(Type.String()),
  token_endpoint_auth_method: Type.String(),
  scopes: Type.Array(Type.String()),
  confidential: Type.Boolean(),
  refresh_grace: nullable(Type.Integer({ description: 'Seconds; null stands for the setting of the server' })),
  refresh_token_in_body: Type.Boolean(),
  previous_secret_until: nullable(Timestamp),
  created_at: Timestamp
}
export const OwnClient = Type.Object(clientMembers)
export type OwnClient = Static<typeof OwnClient>
export const OwnClientList = Type.Array(OwnClient)

const Secret = nullable(Type.String({ description: 'Shown only in this response; null for a public client', examples: ['lk_cs_…'] }))
/** `secret` as in Passport, `client_secret` as in RFC 7591. */
export const CreatedClient = Type.Object({ ...clientMembers, client_secret: Secret, secret: Secret })

export const RotateBody = Type.Object({
  overlap: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 30 * 86_400, description: 'Seconds for which the old secret stays valid; default: 0' })
  )
}, { additionalProperties: true, examples: [{ overlap: 3600 }] })

export const RotatedSecret = Type.Object({
  client_id: Type.String(),
  client_secret: Type.String({ description: 'Shown only in this response', examples: ['lk_cs_…'] }),
  previous_secret_until: nullable(Timestamp)
})

export const NewTokenBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: MAX_NAME, examples: ['Backup script'] }),
  scopes: Type.Optional(ScopeNames),
  expires_in: Type.Optional(
    Type.Union([Type.Integer({ minimum: PERSONAL_TOKEN_TTL.min, maximum: PERSONAL_TOKEN_TTL.max }), Type.Null()], {
      description: 'Lifetime in seconds; default: a year; null for a token that does not expire'
    })
  ),
  current_password: CurrentPassword
}, { additionalProperties: true, examples: [{ name: 'Backup script', scopes: ['orders:read'], expires_in: 2592000 }] })

export const PersonalTokenItem = Type.Object({
  id: Type.String({ format: 'uuid' }),
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  client_id: Type.String(),
  created_at: Timestamp,
  last_used_at: nullable(Timestamp),
  expires_at: nullable(Timestamp)
})
export type PersonalTokenItem = Static<typeof PersonalTokenItem>
export const PersonalTokenList = Type.Array(PersonalTokenItem)

/** `accessToken` and `token` as in Passport. */
export const CreatedToken = Type.Object({
  access_token: Type.String({ description: 'Shown only in this response', examples: ['lk_pat_…'] }),
  accessToken: Type.String({ description: 'The same as access_token' }),
  token: PersonalTokenItem
})
