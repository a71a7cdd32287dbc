import { escapeLiteral, type Client, type ClientBase, type QueryResult } from 'pg'
import { quoteIdentifier } from './connection.ts'

const NO_TABLE = '42P01'
const NO_RIGHT = '42501'

export interface MigrationHistory {
  applied: Set<string>
  /** Started by a Prisma CLI, and neither finished nor declared rolled back. */
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

/**
 * Creates the table as the migration engine does.
 * @param comment for people, and for the search for our tables
 */
export async function ensureHistoryTable (client: Pick<ClientBase, 'query'>, schema: string, comment?: string): Promise<void> {
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
  if (comment !== undefined) await client.query(`COMMENT ON TABLE ${historyTable(schema)} IS ${escapeLiteral(comment)}`)
}

async function historyRows (client: Client, schema: string): Promise<Row[]> {
  try {
    const { rows }: QueryResult<Row> = await client.query(
      `SELECT migration_name AS name, finished_at IS NOT NULL AS finished, rolled_back_at IS NOT NULL AS undone FROM ${historyTable(schema)}`
    )
    return rows
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === NO_TABLE) return []
    if (code === NO_RIGHT) {
      throw new Error(
        `the role of the database URL may not read ${historyTable(schema)}: grant it USAGE on the schema (and CREATE, where it is to make the tables) and the rights on the tables in it`,
        { cause: error }
      )
    }
    throw error
  }
}

function historyTable (schema: string): string {
  return `${quoteIdentifier(schema)}._prisma_migrations`
}
