import { Type, type Static } from 'typebox'
import { nullable } from './nullable.ts'

const members = {
  subject: Type.String(),
  owner: nullable(Type.String()),
  except: Type.Array(Type.String()),
  expiresAt: Type.Number()
}

/** Data of the events `snapshot` and `revocations`. A user without an epoch is not allowed, since it would refuse nothing. */
export const RevocationRows = Type.Array(Type.Union([
  Type.Object({
    kind: Type.Union([Type.Literal('token'), Type.Literal('session'), Type.Literal('client'), Type.Literal('key')]),
    epoch: nullable(Type.Number()), ...members
  }),
  Type.Object({ kind: Type.Literal('user'), epoch: Type.Number(), ...members })
]))

/**
 * States that the reader has received every revocation known to the server. JSON has no infinite number, so an unknown age is sent as a
 * very large one.
 */
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
