import { Type, type Static } from 'typebox'
import { CurrentPassword } from './account.ts'
import { nullable } from './nullable.ts'

const VISIBLE = '^[\\x21-\\x7e]+$'
const MAX_TOKEN = 16_384

export const SocialParams = Type.Object({
  provider: Type.String({ description: 'Name of the provider in the configuration', examples: ['google'] })
})

const proof = {
  code: Type.Optional(Type.String({ pattern: VISIBLE, maxLength: MAX_TOKEN, description: 'Authorization code of the provider, for `redirect_uri`' })),
  redirect_uri: Type.Optional(Type.String({
    minLength: 1, maxLength: 2000, description: 'With `code`: that of the authorization request', examples: ['com.example.app:/callback']
  })),
  code_verifier: Type.Optional(Type.String({
    pattern: '^[A-Za-z0-9._~-]{43,128}$', description: 'With `code`: RFC 7636 section 4.1; required unless the provider does not support it'
  })),
  id_token: Type.Optional(Type.String({
    pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$', maxLength: MAX_TOKEN, description: 'Id token of an OpenID provider, which counts once'
  })),
  nonce: Type.Optional(Type.String({
    minLength: 1, maxLength: 500, description: 'With `code` or `id_token`: that of the authorization request, exactly as the id token has it'
  })),
  oauth_token: Type.Optional(Type.String({
    pattern: VISIBLE, maxLength: MAX_TOKEN, description: 'Access token of the provider, which must have been issued for your application'
  })),
  oauth_secret: Type.Optional(Type.String({ deprecated: true, description: 'Of OAuth 1.0a: always refused' }))
}

/** What an app has got from a provider: exactly one of `code`, `id_token` and `oauth_token`. */
export const AppLoginBody = Type.Object({
  ...proof,
  client: Type.Optional(Type.String({ description: 'Slug of a client with proxy routes, whose id and secret stay on the server', examples: ['web'] })),
  client_id: Type.Optional(Type.String({ description: 'Instead of `client`: a first-party client that may use the password grant', examples: ['lk_client_5f0c…'] })),
  client_secret: Type.Optional(Type.String({ description: 'With `client_id`; or use HTTP Basic' })),
  scope: Type.Optional(Type.String({ description: 'Fewer scopes than the defaults of the client, separated by spaces' }))
}, { additionalProperties: true, examples: [{ client: 'mobile', id_token: 'eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9…', nonce: 'n-0S6_WzA2Mj' }] })

export const LinkBody = Type.Object({ ...proof, current_password: CurrentPassword }, {
  additionalProperties: true, examples: [{ id_token: 'eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9…', nonce: 'n-0S6_WzA2Mj' }]
})
export type ProofBody = Static<Type.TObject<typeof proof>>

export const LogoutTokenBody = Type.Object({
  logout_token: Type.String({
    pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]*$', maxLength: MAX_TOKEN, description: 'Signed by the provider (section 2.4)', examples: ['eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QifQ…']
  })
}, { additionalProperties: true })

export const UnlinkQuery = Type.Object({
  subject: Type.Optional(Type.String({
    minLength: 1, maxLength: 255, description: 'Id of the account at the provider; needed by users who have several there', examples: ['110169484474386276334']
  }))
}, { additionalProperties: true })

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-11-24T13:00:00.000Z'] })

/** An account at a provider with which the user logs in. */
export const Identity = Type.Object({
  provider: Type.String({ examples: ['google'] }),
  subject: Type.String({ description: 'Id of the account at the provider', examples: ['110169484474386276334'] }),
  email: nullable(Type.String({ description: 'As the provider has said last; not verified here', examples: ['ada@example.com'] })),
  name: nullable(Type.String({ examples: ['Ada Lovelace'] })),
  created_at: Timestamp,
  last_used_at: Timestamp
}, { title: 'LatchkeyIdentity' })
export const IdentityList = Type.Array(Identity)
