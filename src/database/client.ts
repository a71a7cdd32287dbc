import pg from 'pg'
import type { PrismaClient } from '../../prisma/generated/client.ts'
import type { Clock } from '../runtime/clock.ts'
import { newPool } from './connect.ts'
import { parseDatabaseUrl, quoteIdentifier, type DatabaseConnection } from './connection.ts'

/** Table names with their schema, for our own SQL. */
export type Tables = Record<
  'users' | 'identifiers' | 'clients' | 'sessions' | 'signing_keys' | 'revocations' | 'settings' | 'audit_events' | 'browser_sessions'
    | 'authorization_codes' | 'rate_limits' | 'consents' | 'device_codes' | 'personal_access_tokens' | 'identifier_holds' | 'one_time_tokens'
    | 'auth_sessions' | 'outbox' | 'social_accounts' | 'upstream_sessions' | 'provider_tokens' | 'factors' | 'recovery_codes'
    | 'remembered_browsers' | 'passkeys',
  string
>

/** Prisma and the pool beneath it: frequent queries use the pool, rare ones Prisma. */
export type Database = {
  /** Loaded on first use: neither a start nor a token request needs it. */
  prisma: () => Promise<PrismaClient>
  pool: pg.Pool
  tables: Tables
  schema: string
  /** For connections outside the pool. */
  connection: DatabaseConnection
  /** A time that a row holds, as this process sees it: the same, unless a test has moved its clock. */
  readTime: (time: Date) => Date
  /** The opposite, for a time that a statement writes or compares. */
  rowTime: (time: Date) => Date
  close: () => Promise<void>
}

export type DatabaseOptions = {
  url: string
  poolSize: number
  /** Names the frequent statements, so that PostgreSQL caches their plans. */
  prepare?: boolean
  /** The host's own client, which only the host disconnects. */
  prisma?: PrismaClient | undefined
  clock: Pick<Clock, 'ahead'>
  onError: (error: Error) => void
}

const CONNECT_MS = 3000
const QUERY_MS = 10_000

export function openDatabase ({ url, poolSize, prepare = true, prisma: hosts, clock, onError }: DatabaseOptions): Database {
  const parsed = parseDatabaseUrl(url)
  const { schema } = parsed
  // A statement that has timed out here ends on the server, too
  const connection = {
    ...parsed, prepare: prepare && parsed.prepare, timeouts: { statement_timeout: String(QUERY_MS), ...parsed.timeouts }
  }
  const readTime = (time: Date) => clock.ahead() === 0 ? time : new Date(time.getTime() + clock.ahead())
  const rowTime = (time: Date) => clock.ahead() === 0 ? time : new Date(time.getTime() - clock.ahead())
  const pool = retrying(
    newPool(connection, {
      connectionTimeoutMillis: CONNECT_MS, query_timeout: QUERY_MS, keepAlive: true, application_name: 'latchkey',
      max: poolSize, types: typesWith(readTime)
    })
  )
  // An idle connection that breaks is replaced at the next query
  pool.on('error', onError)
  let own: Promise<PrismaClient> | undefined
  const prisma = async () => hosts ?? await (own ??= openPrisma(pool, schema))

  async function close (): Promise<void> {
    await (await own)?.$disconnect()
    if (!pool.ended) await pool.end()
  }

  return { prisma, pool, tables: tablesIn(schema), schema, connection, readTime, rowTime, close }
}

/** Parses as pg does, but each time passes through `readTime`. Within JSON and numbers, times stay those of the row. */
function typesWith (readTime: Database['readTime']): pg.TypeOverrides {
  const types = new pg.TypeOverrides()
  const parse = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ)
  types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => {
    const time: unknown = parse(text)
    return time instanceof Date ? readTime(time) : time
  })
  return types
}

async function openPrisma (pool: pg.Pool, schema: string): Promise<PrismaClient> {
  const [{ PrismaClient }, { PrismaPg }] = await Promise.all([import('../../prisma/generated/client.ts'), import('@prisma/adapter-pg')])
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema }) })
}

/** Deadlocks and serialization failures: one transaction was rolled back and has changed nothing. */
const CONFLICTS = new Set(['40P01', '40001'])

/** Retries such a statement once. Statements inside a transaction are not retried, since they use a client rather than the pool. */
function retrying (pool: pg.Pool): pg.Pool {
  const query = pool.query.bind(pool) as unknown as (config: pg.QueryConfig | string, ...rest: never[]) => Promise<unknown> | undefined
  pool.query = ((config: pg.QueryConfig | string, ...rest: never[]) => {
    const run = () => query(config, ...rest)
    // With a callback, query returns nothing
    return run()?.catch((error: unknown) => {
      if (CONFLICTS.has((error as { code?: string }).code ?? '')) return run()
      throw error
    })
  }) as pg.Pool['query']
  return pool
}

function tablesIn (schema: string): Tables {
  const name = (table: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
  return {
    users: name('users'),
    identifiers: name('identifiers'),
    clients: name('clients'),
    sessions: name('sessions'),
    signing_keys: name('signing_keys'),
    revocations: name('revocations'),
    settings: name('settings'),
    audit_events: name('audit_events'),
    browser_sessions: name('browser_sessions'),
    authorization_codes: name('authorization_codes'),
    rate_limits: name('rate_limits'),
    consents: name('consents'),
    device_codes: name('device_codes'),
    personal_access_tokens: name('personal_access_tokens'),
    identifier_holds: name('identifier_holds'),
    one_time_tokens: name('one_time_tokens'),
    social_accounts: name('social_accounts'),
    upstream_sessions: name('upstream_sessions'),
    provider_tokens: name('provider_tokens'),
    auth_sessions: name('auth_sessions'),
    outbox: name('outbox'),
    factors: name('factors'),
    recovery_codes: name('recovery_codes'),
    remembered_browsers: name('remembered_browsers'),
    passkeys: name('passkeys')
  }
}
