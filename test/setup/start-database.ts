import pg from 'pg'
import { migrate } from '../../src/database/migrate.ts'
import { resolveConfig } from '../../src/config/config.ts'
import { openCore } from '../../src/compose/core.ts'
import type { Log } from '../../src/runtime/log.ts'
import { installClients } from '../../src/compose/install.ts'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import { APP_KEY, startTestDatabase, templateName, urlOf } from './database.ts'

/** Creates keys and clients, so that no test has to. */
async function install (databaseUrl: string): Promise<void> {
  const config = resolveConfig({ appKey: APP_KEY, databaseUrl, login: { attributes: readyAttributes } })
  const core = await openCore(config, { log: console as unknown as Log })
  await installClients(core.store, config)
  await core.close()
}

const { url } = await startTestDatabase()
const client = new pg.Client(url)
await client.connect()
// Tests create and delete thousands of files, which need not survive a power failure
for (const setting of ['fsync', 'full_page_writes']) await client.query(`ALTER SYSTEM SET ${setting} = off`)
await client.query('SELECT pg_reload_conf()')
// Tests connect thousands of times, and each connection derives a key from the password
const { username, password } = new URL(url)
await client.query('SET scram_iterations = 1')
await client.query(`ALTER ROLE ${pg.escapeIdentifier(decodeURIComponent(username))} PASSWORD ${pg.escapeLiteral(decodeURIComponent(password))}`)
const template = templateName()
const draft = `${template}_draft`
// Runs that start at the same time create the template once
await client.query('SELECT pg_advisory_lock(1)')
const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template])
if (rowCount === 0) {
  await client.query(`DROP DATABASE IF EXISTS "${draft}" WITH (FORCE)`)
  await client.query(`CREATE DATABASE "${draft}"`)
  await migrate(urlOf(url, draft))
  await install(urlOf(url, draft))
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [draft])
  // Only a complete template has the final name
  await client.query(`ALTER DATABASE "${draft}" RENAME TO "${template}"`)
}
await client.end()

// PostgreSQL keeps running for the tests
process.exit(0)
