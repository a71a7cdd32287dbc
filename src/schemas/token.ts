import { Type, type Static } from 'typebox'

/** RFC 6749 section 5.1 */
export const TokenResponse = Type.Object({
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'Seconds until the access token expires', examples: [3600] }),
  access_token: Type.String({ description: 'JWT (RFC 9068)', examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9…'] }),
  refresh_token: Type.Optional(Type.String({ examples: ['lk_rt_AaINyIENdviLHeaLD51Z…'] })),
  id_token: Type.Optional(Type.String({ description: 'With the scope openid (OpenID Connect Core section 2)' })),
  scope: Type.Optional(Type.String({ description: 'Granted scopes, separated by spaces', examples: ['orders:read'] }))
})
export type TokenResponse = Static<typeof TokenResponse>

/** Additional properties are allowed: each grant checks its own parameters, so that an unknown grant type gets the error of RFC 6749. */
export const TokenRequest = Type.Object({
  grant_type: Type.Optional(Type.String({ examples: ['password'] })),
  client_id: Type.Optional(Type.String({ examples: ['lk_client_5f0c…'] })),
  client_secret: Type.Optional(Type.String({ description: 'Or use HTTP Basic' })),
  scope: Type.Optional(Type.String({ examples: ['orders:read'] })),
  resource: Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String())], {
      description: 'Server that the access token is for (RFC 8707); may be repeated in a form',
      examples: ['https://api.example.com']
    })
  ),
  username: Type.Optional(Type.String({ examples: ['ada@example.com'] })),
  password: Type.Optional(Type.String()),
  refresh_token: Type.Optional(Type.String()),
  code: Type.Optional(Type.String()),
  code_verifier: Type.Optional(Type.String()),
  redirect_uri: Type.Optional(Type.String()),
  device_code: Type.Optional(Type.String())
}, {
  additionalProperties: true,
  examples: [{ grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple' }]
})

/** Additional properties are allowed: the client may authenticate in the body. */
export const ChallengeRequest = Type.Object({
  auth_session: Type.Optional(Type.String({ description: 'Of the login that was answered by `insufficient_authorization`', examples: ['lk_as_6Qp0…'] })),
  factor: Type.Optional(Type.String({ description: 'One of `factors` of that answer; if left out, the form of the code tells', examples: ['totp'] })),
  code: Type.Optional(Type.String({ maxLength: 100, examples: ['123456'] })),
  client_id: Type.Optional(Type.String({ examples: ['lk_client_5f0c…'] })),
  client_secret: Type.Optional(Type.String({ description: 'Or use HTTP Basic' }))
}, { additionalProperties: true, examples: [{ auth_session: 'lk_as_6Qp0…', factor: 'totp', code: '123456' }] })

/** RFC 6749 section 5.2 */
export const OAuthErrorBody = Type.Object({
  error: Type.String({ examples: ['invalid_grant'] }),
  error_description: Type.String({ examples: ['The refresh token is invalid'] }),
  code: Type.Optional(Type.String({
    description:
      'The password was right, but something is missing: `LK_EMAIL_NOT_VERIFIED`, `LK_DELETION_SCHEDULED`, `LK_INSUFFICIENT_AUTHORIZATION` or `LK_FACTOR_ENROLMENT_REQUIRED`',
    examples: ['LK_EMAIL_NOT_VERIFIED']
  })),
  auth_session: Type.Optional(Type.String({ description: 'With `code`: the login can go on with this', examples: ['lk_as_6Qp0…'] })),
  factors: Type.Optional(Type.Array(Type.String(), {
    description: 'With `insufficient_authorization`: what `/v1/oauth/challenge` takes a code of', examples: [['totp', 'recovery_code']]
  }))
}, { title: 'LatchkeyOAuthError' })
