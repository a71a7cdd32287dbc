import { Type, type Static } from 'typebox'
import { MAX_REDIRECT_URI } from '../clients/redirect-uri.ts'
import { MAX_NAME } from '../names/name.ts'
import { PERSONAL_TOKEN_TTL } from '../personal-tokens/ttl.ts'
import { nullable } from './nullable.ts'

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-11-24T13:00:00.000Z'] })
const ScopeNames = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 200, examples: [['orders:read']] })

export const ById = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100, examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }) })

/** RFC 6749 section 3.3: what can be asked for. */
export const ScopeList = Type.Array(Type.Object({
  id: Type.String({ examples: ['orders:read'] }),
  description: Type.String({ examples: ['See your orders'] })
}))

/** A login that has access to the account. */
export const AccessItem = Type.Object({
  id: Type.String({ format: 'uuid' }),
  kind: Type.Union([Type.Literal('session'), Type.Literal('browser')], { description: 'Of an application, or of a browser on the pages' }),
  client: nullable(Type.Object({ id: Type.String(), name: Type.String(), first_party: Type.Boolean() })),
  scopes: Type.Array(Type.String()),
  ip: nullable(Type.String()),
  user_agent: nullable(Type.String()),
  created_at: Timestamp,
  last_used_at: Timestamp,
  expires_at: Timestamp,
  current: Type.Boolean({ description: 'The one that asks' })
})
export type AccessItem = Static<typeof AccessItem>
export const AccessList = Type.Array(AccessItem)

const RedirectUris = Type.Array(Type.String({ maxLength: MAX_REDIRECT_URI }), { maxItems: 50, examples: [['https://app.example.com/callback']] })
const Redirects = Type.Optional(Type.String({ maxLength: 20_000, description: 'The same as one text, separated by commas' }))

/**
 * Seconds. While it lasts a stolen token that is used again is not noticed (RFC 9700 section 4.14.2), and these clients have users who are
 * not their owner's.
 */
const MAX_GRACE = 600

const tokenSettings = {
  refresh_grace: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 0, maximum: MAX_GRACE,
        description: 'Seconds in which a refresh token that was just used gets its successor again; null takes the setting of the server'
      })
    )
  ),
  refresh_token_in_body: Type.Optional(
    Type.Boolean({ description: 'Whether the answers of its proxy routes hold the refresh token beside the cookie; true when not given' })
  )
}

/** Passport's members `name`, `redirect` and `confidential`; those of RFC 7591 where it has some. */
export const NewClientBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: MAX_NAME, examples: ['My app'] }),
  redirect_uris: Type.Optional(RedirectUris),
  redirect: Redirects,
  confidential: Type.Optional(Type.Boolean({ description: 'Whether it has a secret; true when not given' })),
  device: Type.Optional(Type.Boolean({ description: 'May use the device grant; without redirect_uris that is all it may' })),
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
  refresh_grace: nullable(Type.Integer({ description: 'Seconds; null is the setting of the server' })),
  refresh_token_in_body: Type.Boolean(),
  previous_secret_until: nullable(Timestamp),
  created_at: Timestamp
}
export const OwnClient = Type.Object(clientMembers)
export type OwnClient = Static<typeof OwnClient>
export const OwnClientList = Type.Array(OwnClient)

const Secret = nullable(Type.String({ description: 'Shown this once; null for a public client', examples: ['lk_cs_…'] }))
/** `secret` as Passport has it, `client_secret` as RFC 7591 has it. */
export const CreatedClient = Type.Object({ ...clientMembers, client_secret: Secret, secret: Secret })

export const RotateBody = Type.Object({
  overlap: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 30 * 86_400, description: 'Seconds in which the old secret counts, too; 0 when not given' })
  )
}, { additionalProperties: true, examples: [{ overlap: 3600 }] })

export const RotatedSecret = Type.Object({
  client_id: Type.String(),
  client_secret: Type.String({ description: 'Shown this once', examples: ['lk_cs_…'] }),
  previous_secret_until: nullable(Timestamp)
})

export const NewTokenBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: MAX_NAME, examples: ['Backup script'] }),
  scopes: Type.Optional(ScopeNames),
  expires_in: Type.Optional(
    Type.Union([Type.Integer({ minimum: PERSONAL_TOKEN_TTL.min, maximum: PERSONAL_TOKEN_TTL.max }), Type.Null()], {
      description: 'Seconds; a year when not given, null for one that does not expire'
    })
  )
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

/** `accessToken` and `token` as Passport has them. */
export const CreatedToken = Type.Object({
  access_token: Type.String({ description: 'Shown this once', examples: ['lk_pat_…'] }),
  accessToken: Type.String({ description: 'The same' }),
  token: PersonalTokenItem
})
