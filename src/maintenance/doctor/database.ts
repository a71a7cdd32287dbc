import { addressOf, parseDatabaseUrl } from '../../database/connection.ts'
import type { Config } from '../../config/config.ts'
import { fail, ok, warn, type Check } from './check.ts'

export type ServerFacts = {
  version: string
  /** As `server_version_num`. */
  versionNumber: number
  standby: boolean
  readOnly: boolean
  /** Without the connections reserved for superusers. */
  maxConnections: number
  /** The connection goes through a pooler. */
  pooled: boolean
  /** The settings in POOLED on a connection that sets none of them. */
  settings: Record<string, string>
  /** Median of an empty statement, in milliseconds. */
  latency: number
}

/** What each of our connections sets, and a pooler in transaction mode does not preserve. */
export const POOLED: Readonly<Record<string, string>> = {
  default_transaction_isolation: 'read committed', transform_null_equals: 'off', array_nulls: 'on'
}
const OLDEST = 15
const SLOW_MS = 5
// The feed and the purge
const BESIDE_POOL = 2

export function checkDatabase (config: Config, url: string, facts: ServerFacts): Check[] {
  return [version(url, facts), role(facts), settings(facts), latency(facts), connections(config, facts)]
}

export function unreachable (error: unknown): Check {
  return fail('database', error instanceof Error ? error.message : String(error), 'start the database, or correct DATABASE_URL')
}

function version (url: string, { version, versionNumber, pooled }: ServerFacts): Check {
  const where = `at ${addressOf(parseDatabaseUrl(url).options)}${pooled ? ', through a pooler' : ''}`
  if (versionNumber >= OLDEST * 10_000) return ok('database', `PostgreSQL ${version} ${where}`)
  return fail('database', `PostgreSQL ${version} ${where} is older than ${OLDEST}`, `use PostgreSQL ${OLDEST} or newer`)
}

function role ({ standby, readOnly }: ServerFacts): Check {
  if (standby) {
    return fail(
      'database-role',
      'this is a standby: nothing can be written, and revocations come late',
      'set DATABASE_URL to the primary; with several hosts add ?target_session_attrs=primary if your proxy supports it'
    )
  }
  if (readOnly) {
    return fail(
      'database-role',
      'transactions are read-only by default',
      'set default_transaction_read_only = off for this user and database'
    )
  }
  return ok('database-role', 'primary')
}

function settings ({ pooled, settings }: ServerFacts): Check {
  const wrong = Object.keys(POOLED).filter((name) => settings[name] !== undefined && settings[name] !== POOLED[name])
  if (wrong.length === 0) return ok('database-settings', 'all settings have the required values')
  if (!pooled) return ok('database-settings', `each of our connections changes ${wrong.join(', ')}`)
  return warn(
    'database-settings',
    `${wrong.map((name) => `${name} is ${settings[name]}`).join(', ')}: through a pooler, some connections do not have our settings`,
    wrong.map((name) => `ALTER ROLE … SET ${name} = '${POOLED[name]}'`).join('; ')
  )
}

function latency ({ latency }: ServerFacts): Check {
  const text = `${latency.toFixed(1)} ms for a statement`
  return latency <= SLOW_MS
    ? ok('database-latency', text)
    : warn('database-latency', `${text}; each login and refresh waits for it`, 'run server and database in one place')
}

function connections ({ databasePoolSize, workers }: Config, { maxConnections, pooled }: ServerFacts): Check {
  const needed = workers * (databasePoolSize + BESIDE_POOL)
  const text = `${needed} of ${maxConnections} (${workers} × (${databasePoolSize} + ${BESIDE_POOL})) for this server`
  if (pooled) return ok('database-connections', `${text}, shared by the pooler`)
  if (needed > maxConnections) return fail('database-connections', text, 'lower DATABASE_POOL_SIZE or WORKERS, or raise max_connections')
  if (needed > maxConnections / 2) {
    return warn(
      'database-connections',
      `${text}: not enough for a second server or an overlapping restart`,
      'lower DATABASE_POOL_SIZE or WORKERS, or raise max_connections'
    )
  }
  return ok('database-connections', text)
}
