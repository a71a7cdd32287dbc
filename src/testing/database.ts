import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import { quoteIdentifier } from '../database/connection.ts'
import { startEmbedded } from '../database/embedded.ts'

/** Options of `register(latchkey, …)` for a test. */
export type TestOptions = { databaseUrl: string, appKey: string, rateLimit: 'off', passwords: { memoryCost: number, timeCost: number } }

export type TestDatabase = {
  /** Rate limits are off and hashing is cheap, since tests log in often. */
  options: TestOptions
  /** Drops the database, and stops PostgreSQL when no other test uses it. To be called after the app is closed. */
  drop: () => Promise<void>
}

type Settings = {
  /** Where PostgreSQL keeps its files between runs. */
  dataDir?: string
}

/** Separate from development data, so that tests never depend on it. */
const DATA_DIR = join('node_modules', '.cache', 'latchkey')

/**
 * An empty database of its own, in a PostgreSQL that all tests of a checkout share.
 * @throws Error when PostgreSQL cannot be started, with what to do
 * @example
 * const database = await testDatabase()
 * await app.register(latchkey, { ...database.options })
 * after(async () => { await app.close(); await database.drop() })
 */
export async function testDatabase ({ dataDir = DATA_DIR }: Settings = {}): Promise<TestDatabase> {
  const server = await startEmbedded({ dataDir }).catch((cause: Error) => {
    throw new Error(
      `testDatabase cannot have its PostgreSQL in ${dataDir} (testDatabase({ dataDir }) names another place): ${cause.message}`,
      { cause }
    )
  })
  const name = `test_${randomBytes(8).toString('hex')}`
  const url = new URL(server.url)
  const run = (sql: string) => runAt(url.href, sql)
  try {
    await run(`CREATE DATABASE ${quoteIdentifier(name)}`)
  } catch (error) {
    await server.stop()
    throw error
  }
  const own = new URL(url)
  own.pathname = `/${name}`
  return {
    options: {
      databaseUrl: own.href, appKey: randomBytes(32).toString('base64'), rateLimit: 'off',
      passwords: { memoryCost: 64, timeCost: 1 }
    },
    drop: async () => {
      await run(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`).finally(() => server.stop())
    }
  }
}

async function runAt (url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
