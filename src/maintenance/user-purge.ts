import { isDatabaseUnavailable } from '../database/unavailable.ts'
import type { RemovalStore, RemoveUser } from '../users/removal.ts'
import type { PurgeStep } from './purge.ts'

/** A user whom the database did not let go; `table` and `constraint` of what refers to them, where it is a foreign key. */
export type Refused = { userId: string, table: string | null, constraint: string | null, err: unknown }

type Dependencies = { due: RemovalStore['due'], remove: RemoveUser, onRefused: (refused: Refused) => void }

/**
 * Deletes users whose days of grace are over, each in a transaction of its own: a purge that is killed goes on where it was. A user whom a
 * table of the host refers to is left, and stops no other.
 */
export function createUserPurge ({ due, remove, onRefused }: Dependencies): PurgeStep {
  async function removeOne (userId: string): Promise<boolean> {
    try {
      return await remove(userId, { onlyDue: true })
    } catch (err) {
      if (isDatabaseUnavailable(err)) throw err
      const { table = null, constraint = null } = err as { table?: string, constraint?: string }
      onRefused({ userId, table, constraint, err })
      return false
    }
  }

  return {
    table: 'users',
    async batch (limit, cursor) {
      const found = await due(limit, cursor)
      let count = 0
      for (const { id } of found) if (await removeOne(id)) count++
      return { count, cursor: found.at(-1)?.cursor ?? cursor, done: found.length < limit }
    }
  }
}
