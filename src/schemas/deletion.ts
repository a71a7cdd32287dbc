import { Type } from 'typebox'

/** The password is needed when the login is older than 10 minutes. */
export const CurrentPassword = Type.Optional(Type.String({
  minLength: 1, description: 'Counts as a login of this moment', examples: ['correct horse battery staple']
}))

export const DeletionBody = Type.Object({ current_password: CurrentPassword }, {
  additionalProperties: true, examples: [{ current_password: 'correct horse battery staple' }]
})

export const DeletionScheduled = Type.Object({
  message: Type.String({ examples: ['Your account will be deleted. You are logged out everywhere.'] }),
  restorable_until: Type.String({ format: 'date-time', description: 'Until then a login can restore it', examples: ['2026-12-13T13:00:00.000Z'] })
})

export const RestoreBody = Type.Object({
  auth_session: Type.String({ minLength: 1, description: 'Of the refused login', examples: ['lk_as_6Qp0…'] })
}, { additionalProperties: true, examples: [{ auth_session: 'lk_as_6Qp0…' }] })
