import { Type } from 'typebox'
import { nullable } from './nullable.ts'

export const SocialParams = Type.Object({
  provider: Type.String({ description: 'Name of the provider in the configuration', examples: ['google'] })
})

export const UnlinkQuery = Type.Object({
  subject: Type.Optional(Type.String({
    minLength: 1, maxLength: 255, description: 'Id of the account at the provider; needed by users who have several there', examples: ['110169484474386276334']
  }))
}, { additionalProperties: true })

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-11-24T13:00:00.000Z'] })

/** An account at a provider with which the user logs in. */
const Identity = Type.Object({
  provider: Type.String({ examples: ['google'] }),
  subject: Type.String({ description: 'Id of the account at the provider', examples: ['110169484474386276334'] }),
  email: nullable(Type.String({ description: 'As the provider has said last; not verified here', examples: ['ada@example.com'] })),
  name: nullable(Type.String({ examples: ['Ada Lovelace'] })),
  created_at: Timestamp,
  last_used_at: Timestamp
}, { title: 'LatchkeyIdentity' })
export const IdentityList = Type.Array(Identity)
