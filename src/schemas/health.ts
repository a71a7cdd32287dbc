import { Type } from 'typebox'

export const Health = Type.Object({ status: Type.Literal('ok') })

export const Readiness = Type.Object({
  ready: Type.Boolean(),
  database: Type.Boolean({ description: 'The database answers' }),
  revocations: Type.Boolean({ description: 'The revocation data is fresh' })
})
