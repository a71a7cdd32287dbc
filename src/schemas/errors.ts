import { Type, type Static } from 'typebox'

/** Fastify's error form, with a stable code. */
export const ErrorBody = Type.Object({
  statusCode: Type.Integer({ examples: [401] }),
  code: Type.String({ description: 'Stable code, for programs', examples: ['LK_UNAUTHENTICATED'] }),
  error: Type.String({ examples: ['Unauthorized'] }),
  message: Type.String({ description: 'Message for people', examples: ['The access token is invalid, expired or revoked'] }),
  errors: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()), {
    description: 'Messages per field, for 422', examples: [{ email: ['The email field is required.'] }]
  })),
  auth_session: Type.Optional(Type.String({
    description:
      'With `LK_EMAIL_NOT_VERIFIED`, `LK_DELETION_SCHEDULED`, `LK_INSUFFICIENT_AUTHORIZATION` and `LK_FACTOR_ENROLMENT_REQUIRED`: the login can go on with it',
    examples: ['lk_as_6Qp0…']
  })),
  factors: Type.Optional(Type.Array(Type.String(), {
    description: 'With `LK_INSUFFICIENT_AUTHORIZATION`: what the challenge takes a code of', examples: [['totp', 'recovery_code']]
  }))
}, { title: 'LatchkeyError' })
export type ErrorBody = Static<typeof ErrorBody>

/** Responses by status, for a route's schema. */
export function errors<Status extends number> (...statuses: Status[]): Record<Status, typeof ErrorBody> {
  return Object.fromEntries(statuses.map((status) => [status, ErrorBody])) as Record<Status, typeof ErrorBody>
}
