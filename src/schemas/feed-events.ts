import { Type, type Static } from 'typebox'
import { nullable } from './nullable.ts'

const members = {
  subject: Type.String(),
  owner: nullable(Type.String()),
  except: Type.Array(Type.String()),
  expiresAt: Type.Number()
}

/** What the events `snapshot` and `revocations` hold. A user without an epoch would refuse nothing. */
export const RevocationRows = Type.Array(Type.Union([
  Type.Object({
    kind: Type.Union([Type.Literal('token'), Type.Literal('session'), Type.Literal('client'), Type.Literal('key')]),
    epoch: nullable(Type.Number()), ...members
  }),
  Type.Object({ kind: Type.Literal('user'), epoch: Type.Number(), ...members })
]))

/** All that was revoked is told, as far as the server knows. JSON has no number without an end: what is none is no age. */
export const Heartbeat = Type.Object({
  stream: Type.String({ description: 'Name that the reader gave the stream' }),
  at: Type.Number({ minimum: 0, description: 'Seconds since the stream was opened' }),
  age: Type.Number({ minimum: 0, description: 'Age of the data of the server at that time, in seconds' }),
  now: Type.Number({ description: 'Time of the clock of the database in milliseconds' })
})
export type Heartbeat = Static<typeof Heartbeat>

export const StreamQuery = Type.Object({
  stream: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{1,64}$',
      description:
        'A name that was not used before, such as a UUID. The heartbeats repeat it, so that a stream replayed by a cache is detected'
    })
  )
})
