import { Type, type Static } from 'typebox'

/** Body of revocation (RFC 7009 section 2.1) and introspection (RFC 7662 section 2.1). */
export const TokenParam = Type.Object({
  token: Type.Optional(Type.String({ description: 'An access token or refresh token' })),
  token_type_hint: Type.Optional(Type.String({ examples: ['refresh_token'] })),
  client_id: Type.Optional(Type.String()),
  client_secret: Type.Optional(Type.String({ description: 'Or use HTTP Basic' }))
}, { additionalProperties: true, examples: [{ token: 'lk_rt_AaINyIENdviLHeaLD51Z…', token_type_hint: 'refresh_token' }] })

/** RFC 7662 section 2.2 */
export const Introspection = Type.Object({
  active: Type.Boolean(),
  token_type: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String()),
  client_id: Type.Optional(Type.String()),
  sub: Type.Optional(Type.String()),
  aud: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
  iss: Type.Optional(Type.String()),
  iat: Type.Optional(Type.Integer()),
  exp: Type.Optional(Type.Integer()),
  jti: Type.Optional(Type.String()),
  sid: Type.Optional(Type.String({ description: 'Id of the session' })),
  auth_time: Type.Optional(Type.Integer({ description: 'When the user proved who they are, in seconds since 1970' })),
  amr: Type.Optional(Type.Array(Type.String(), { description: 'How (RFC 8176)', examples: [['pwd']] })),
  acr: Type.Optional(Type.String({ description: '`0`, or `mfa` when two different factors were proven', examples: ['mfa'] }))
}, { examples: [{ active: false }] })
export type Introspection = Static<typeof Introspection>
