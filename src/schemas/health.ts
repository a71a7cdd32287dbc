import { Type } from 'typebox'

export const Health = Type.Object({ status: Type.Literal('ok') })

export const Readiness = Type.Object({
  ready: Type.Boolean(),
  database: Type.Boolean({ description: 'The database answers' }),
  revocations: Type.Boolean({ description: 'The revocation data is fresh' })
})

/** Of `GET /v1`. */
export const Welcome = Type.Object({
  message: Type.String({ examples: ['Welcome to Northwind (API V1)'] }),
  issuer: Type.String({ examples: ['https://id.example.com'] }),
  documentation: Type.Optional(Type.String({ examples: ['https://id.example.com/docs'] }))
})
