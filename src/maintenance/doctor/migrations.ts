import { quoteIdentifier } from '../../database/connection.ts'
import { fail, listed, ok, warn, type Check } from './check.ts'

export type MigrationFacts = {
  pending: string[]
  /** Started, and neither finished nor declared rolled back. */
  failed: string[]
  /** Applied, but not part of this version. */
  unknown: string[]
}

/** What a Prisma schema cannot express, and the `prisma migrate` of a host therefore does not create. */
export type Extras = {
  /** Of `sessions`; null when it is not set. */
  fillfactor: number | null
  openKeyIndex: boolean
  /** On the expression for hash schemes. */
  schemeIndex: boolean
  /** On the users who have asked for deletion. */
  deletionIndex: boolean
  /** Existing indexes that PostgreSQL marks as invalid. */
  invalidIndexes: string[]
}

const fillFactor = (sessions: string) => `ALTER TABLE ${sessions} SET (fillfactor = 80)`
const openKey = (keys: string) =>
  `CREATE UNIQUE INDEX signing_keys_open_key ON ${keys} (alg) WHERE signs_until IS NULL AND revoked_at IS NULL`
const deletion = (users: string) =>
  `CREATE INDEX users_deletion_requested_at ON ${users} (deletion_requested_at) WHERE deletion_requested_at IS NOT NULL`
const scheme = (users: string) =>
  `CREATE INDEX users_password_scheme ON ${users} (left(regexp_replace(left(password_hash, 300), '[./A-Za-z0-9+]{10,}', '*', 'g'), 100))`

/** @param facts null when the tables are migrated by a host's own Prisma project */
export function checkMigrations (facts: MigrationFacts | null): Check {
  if (!facts) return ok('migrations', 'those of your own Prisma project')
  const { pending, failed, unknown } = facts
  if (failed.length > 0) {
    return fail(
      'migrations',
      `failed half-way: ${listed(failed)}`,
      `undo what it did, run "npx prisma migrate resolve --rolled-back ${failed[0]}", then "npx latchkey migrate"`
    )
  }
  if (pending.length > 0) return fail('migrations', `not applied: ${listed(pending)}`, 'run "npx latchkey migrate"')
  if (unknown.length > 0) return warn('migrations', `of a newer version: ${listed(unknown)}`, 'update this server, too')
  return ok('migrations', 'all applied')
}

/** @param schema of our tables; a host may have tables of the same name */
export function checkExtras ({ fillfactor, openKeyIndex, schemeIndex, deletionIndex, invalidIndexes }: Extras, schema: string): Check[] {
  const name = (relation: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(relation)}`
  const checks: Check[] = []
  if (!openKeyIndex) {
    checks.push(
      fail(
        'migration-extras',
        'the index signing_keys_open_key is missing: two processes can create a key at the same time',
        openKey(name('signing_keys'))
      )
    )
  }
  if (!schemeIndex) {
    checks.push(
      warn(
        'migration-extras',
        'the index users_password_scheme is missing: logins look through all users for hashes of other systems',
        scheme(name('users'))
      )
    )
  }
  if (!deletionIndex) {
    checks.push(
      warn(
        'migration-extras',
        'the index users_deletion_requested_at is missing: each purge looks through all users',
        deletion(name('users'))
      )
    )
  }
  if (fillfactor === null || fillfactor > 90) {
    checks.push(
      warn(
        'migration-extras',
        'sessions has no fillfactor: refreshes do not stay in place, and the table bloats',
        fillFactor(name('sessions'))
      )
    )
  }
  if (invalidIndexes.length > 0) {
    checks.push(
      warn(
        'migration-extras',
        `PostgreSQL does not use ${listed(invalidIndexes)}`,
        `REINDEX INDEX CONCURRENTLY ${name(invalidIndexes[0]!)}`
      )
    )
  }
  return checks.length > 0 ? checks : [ok('migration-extras', 'fillfactor and the expression and partial indexes exist')]
}
