import type { Client, ClientBase, QueryResult } from 'pg'
import { quoteIdentifier } from './connection.ts'

const NO_TABLE = '42P01'

export interface MigrationHistory {
  applied: Set<string>
  /** Begun by a Prisma CLI, neither finished nor declared rolled back. */
  failed: string[]
}

interface Row {
  name: string
  finished: boolean
  undone: boolean
}

export async function readHistory (client: Client, schema: string): Promise<MigrationHistory> {
  const rows = await historyRows(client, schema)
  const valid = rows.filter(({ undone }) => !undone)
  return {
    applied: new Set(valid.filter(({ finished }) => finished).map(({ name }) => name)),
    failed: valid.filter(({ finished }) => !finished).map(({ name }) => name)
  }
}

/** As the migration engine makes it. */
export async function ensureHistoryTable (client: Pick<ClientBase, 'query'>, schema: string): Promise<void> {
  await client.query(`CREATE TABLE IF NOT EXISTS ${historyTable(schema)} (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`)
}

async function historyRows (client: Client, schema: string): Promise<Row[]> {
  try {
    const { rows }: QueryResult<Row> = await client.query(
      `SELECT migration_name AS name, finished_at IS NOT NULL AS finished, rolled_back_at IS NOT NULL AS undone FROM ${historyTable(schema)}`)
    return rows
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NO_TABLE) return []
    throw error
  }
}

function historyTable (schema: string): string {
  return `${quoteIdentifier(schema)}._prisma_migrations`
}
