import pg from 'pg'
import { migrate } from '../../src/database/migrate.ts'
import { resolveConfig } from '../../src/config/config.ts'
import { openCore } from '../../src/compose/core.ts'
import type { Log } from '../../src/runtime/log.ts'
import { installClients } from '../../src/compose/install.ts'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import { APP_KEY, startTestDatabase, templateName, urlOf } from './database.ts'

/** Keys and clients, so that no test has to make them. */
async function install (databaseUrl: string): Promise<void> {
  const config = resolveConfig({ appKey: APP_KEY, databaseUrl, login: { attributes: readyAttributes } })
  const core = await openCore(config, { log: console as unknown as Log })
  await installClients(core.store, config)
  await core.close()
}

const { url } = await startTestDatabase()
const client = new pg.Client(url)
await client.connect()
// Thousands of files are made and thrown away; a test does not need them after a power failure
for (const setting of ['fsync', 'full_page_writes']) await client.query(`ALTER SYSTEM SET ${setting} = off`)
await client.query('SELECT pg_reload_conf()')
const template = templateName()
const draft = `${template}_draft`
// Runs that start at once make it once
await client.query('SELECT pg_advisory_lock(1)')
const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template])
if (rowCount === 0) {
  await client.query(`DROP DATABASE IF EXISTS "${draft}" WITH (FORCE)`)
  await client.query(`CREATE DATABASE "${draft}"`)
  await migrate(urlOf(url, draft))
  await install(urlOf(url, draft))
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [draft])
  // The name says that it is whole
  await client.query(`ALTER DATABASE "${draft}" RENAME TO "${template}"`)
}
await client.end()

// Left running for the tests
process.exit(0)
