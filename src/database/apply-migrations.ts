import { isDriverAdapterError, type SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import type { MigrationList } from '@prisma/schema-engine-wasm'
import type { ClientBase, Pool } from 'pg'
import { BY_DEFAULT } from './choose-schema.ts'
import { newPool } from './connect.ts'
import { outOfTheWay, type DatabaseConnection } from './connection.ts'
import { ensureSchema } from './ensure-schema.ts'
import { adapterOn, markChars } from './migration-adapter.ts'
import { ensureHistoryTable } from './migration-history.ts'
import { readMigrations } from './migrations-directory.ts'
import { createSchemaEngine, engineMessage } from './schema-engine.ts'
import { sessionSettings } from './session.ts'

// The lock of Prisma's own engine, so that `prisma migrate deploy` and this code wait for each other
const LOCK = 72707369
// A migration of another process may take long, but waiting must end with an error
const LOCK_TIMEOUT = '120s'
const LOCK_NOT_AVAILABLE = '55P03'
// duplicate_table and duplicate_object
const THERE = new Set(['42P07', '42710'])

/**
 * Applies everything in one transaction: a killed process or a failing migration leaves the database unchanged. It also keeps the lock and
 * the settings on one server connection behind a pooler.
 */
export async function applyMigrations (database: DatabaseConnection, directory: string, byDefault = false): Promise<string[]> {
  const migrations = await readMigrations(directory)
  const pool = transaction(database)
  try {
    await ensureSchema(pool, database.schema, { forTables: true })
    // Without this table the engine refuses a schema that contains other tables
    await ensureHistoryTable(pool, database.schema, byDefault ? BY_DEFAULT : undefined)
    const applied = await runEngine(await adapterOn(pool, database.schema), migrations, database.schema)
    await pool.query('COMMIT')
    return applied
  } finally {
    await pool.end()
  }
}

function transaction (database: DatabaseConnection): Pool {
  let isOpen = false
  const begin = async (client: ClientBase) => {
    if (isOpen) throw new Error('the connection to the database was lost while migrating')
    isOpen = true
    markChars(client)
    const timeouts = { lock_timeout: database.timeouts.lock_timeout ?? LOCK_TIMEOUT }
    const settings = sessionSettings({ schema: database.schema, local: true, timeouts })
    await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; ${settings}`)
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK}); SET LOCAL lock_timeout = 0`).catch((error: unknown) => {
      throw lockFailure(error)
    })
  }
  return newPool(database, { max: 1, idleTimeoutMillis: 0 }, begin).on('error', () => {})
}

async function runEngine (adapter: SqlDriverAdapter, migrationsList: MigrationList, schema: string): Promise<string[]> {
  const { executeScript, executeRaw } = adapter
  let failure: Error | undefined
  adapter.executeScript = async (sql) => {
    await executeScript(sql).catch((error: unknown) => {
      failure = migrationFailure(migrationsList, sql, schema, error)
      throw error
    })
  }
  // The engine's lock belongs to the session, and would remain on a pooler's connection
  adapter.executeRaw = async (query) =>
    await executeRaw.call(adapter, { ...query, sql: query.sql.replace('pg_advisory_lock', 'pg_advisory_xact_lock') })
  const noShadow = async () => {
    throw new Error('migrations are applied without a shadow database')
  }
  const engine = await createSchemaEngine({
    adapter: { provider: adapter.provider, adapterName: adapter.adapterName, connect: async () => adapter, connectToShadowDb: noShadow }
  })
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: { externalTables: [], externalEnums: [] } })
    return appliedMigrationNames
  } catch (error) {
    throw failure ?? new Error(`the migrations cannot be applied: ${engineMessage(error)}`, { cause: error })
  } finally {
    engine.free()
  }
}

function lockFailure (error: unknown): unknown {
  if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) return error
  return new Error('another process has been migrating the database for too long: wait for it or stop it, then try again', {
    cause: error
  })
}

function migrationFailure ({ migrationDirectories }: MigrationList, sql: string, schema: string, cause: unknown): Error {
  const migration = migrationDirectories.find(({ migrationFile: { content } }) => content.tag === 'ok' && content.value === sql)
  const { originalCode: code, originalMessage = String(cause) } = isDriverAdapterError(cause) ? cause.cause : {}
  const reason = code !== undefined && THERE.has(code) && migration === migrationDirectories[0]
    ? `${originalMessage} in "${schema}", of another application: ${outOfTheWay(schema)}`
    : originalMessage
  return new Error(`migration ${migration?.path} failed, and nothing was changed: ${reason}`, { cause })
}
