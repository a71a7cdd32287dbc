import { outOfTheWay, parseDatabaseUrl, type DatabaseConnection } from './connection.ts'
import { readHistory, type MigrationHistory } from './migration-history.ts'
import { migrationNames, shippedMigrations } from './migrations-directory.ts'
import { withClient } from './with-client.ts'

export interface MigrationState {
  /** Among the shipped ones. */
  applied: string[]
  /** In order, including one that failed or was rolled back. */
  pending: string[]
}

/** Compares the database with the shipped migrations, by one query. */
export async function pendingMigrations (url: string, directory = shippedMigrations): Promise<MigrationState> {
  const names = await migrationNames(directory)
  return compare(names, await historyOf(parseDatabaseUrl(url)))
}

/**
 * Applies all pending migrations or none. Of two concurrent processes, the second finds nothing left to apply.
 * @param byDefault the given URL names no schema
 */
export async function migrate (url: string, directory = shippedMigrations, byDefault = false): Promise<{ applied: string[] }> {
  const database = parseDatabaseUrl(url)
  const names = await migrationNames(directory)
  const history = await historyOf(database)
  const { applied, pending } = compare(names, history)
  if (pending.length === 0) return { applied: [] }
  requireUsable(history, names, applied, database.schema)
  // The engine is large, and most starts have nothing to apply
  const { applyMigrations } = await import('./apply-migrations.ts')
  return { applied: await applyMigrations(database, directory, byDefault) }
}

async function historyOf (database: DatabaseConnection): Promise<MigrationHistory> {
  return await withClient(database, async (client) => await readHistory(client, database.schema))
}

function compare (names: string[], { applied }: MigrationHistory): MigrationState {
  return {
    applied: names.filter((name) => applied.has(name)),
    pending: names.filter((name) => !applied.has(name))
  }
}

function requireUsable ({ applied, failed }: MigrationHistory, names: string[], ours: string[], schema: string): void {
  const broken = names.find((name) => failed.includes(name))
  if (broken !== undefined) {
    throw new Error(
      `migration ${broken} failed before: undo what it did, run "npx prisma migrate resolve --rolled-back ${broken}", then migrate again`
    )
  }
  const foreign = [...applied].find((name) => !names.includes(name))
  if (foreign !== undefined && ours.length === 0) {
    throw new Error(`the schema "${schema}" has the migrations of another Prisma project (${foreign}): ${outOfTheWay(schema)}`)
  }
}
