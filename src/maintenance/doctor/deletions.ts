import type { Config } from '../../config/config.ts'
import { fail, listed, ok, warn, type Check } from './check.ts'

/** A foreign key of a table of the host that keeps users from being deleted. */
export type Reference = { table: string, constraint: string, userIds: string[] }

export type DeletionFacts = {
  /** Users who have asked for deletion. */
  waiting: number
  /** Those whose days of grace ended more than a day ago. */
  overdue: string[]
  /** What refers to users who have asked. */
  references: Reference[]
}

const NAME = 'deletions'

/** Whether accounts that users have deleted are really going. */
export function checkDeletions ({ waiting, overdue, references }: DeletionFacts, { purgeEvery }: Pick<Config, 'purgeEvery'>): Check[] {
  const refused = references.map(({ table, constraint, userIds }) => fail(
    NAME,
    `the table ${table} refers to users who have asked for deletion (${constraint}): ${listed(userIds)}`,
    'delete these rows, or declare the foreign key ON DELETE CASCADE or ON DELETE SET NULL'
  ))
  const known = new Set(references.flatMap(({ userIds }) => userIds))
  const late = overdue.filter((id) => !known.has(id))
  const checks = [...refused, ...(late.length > 0 ? [overdueOf(late, purgeEvery)] : [])]
  if (checks.length > 0) return checks
  return [ok(NAME, waiting === 0 ? 'nobody waits for the deletion of their account' : `${waiting} accounts will be deleted when their days of grace are over`)]
}

function overdueOf (ids: string[], purgeEvery: number): Check {
  const message = `${ids.length} accounts should have been deleted more than a day ago: ${listed(ids)}`
  return purgeEvery === 0
    ? warn(NAME, `${message}; PURGE_EVERY is 0`, 'run "npx latchkey purge" every day')
    : warn(NAME, message, 'see whether a server is running, and what its log says of the purge; "npx latchkey purge" deletes them')
}
