import pg from 'pg'
import type { Database } from '../database/client.ts'
import { newClient } from '../database/connect.ts'
import { quoteIdentifier } from '../database/connection.ts'
import { sessionSettings } from '../database/session.ts'
import { RELEASED } from '../users/deletion-sql.ts'
import type { Batch, PurgeOptions, PurgeStep, PurgeStore } from './purge.ts'

const CONNECT_MS = 3000
const NO_UUID = '00000000-0000-0000-0000-000000000000'

/**
 * Seconds, well above twice `SAME_FORM`. A repeated submission must find what the form created, even if that has ended: without the row it
 * would create the same secret again (src/crypto/form-secrets.ts).
 */
const MADE_BY_FORM = 3600

/** Seconds for which the operator sees what was not sent in time. */
const DEAD_LETTERS = 7 * 86_400

/**
 * How to find the ended rows of a table: an indexed column, and the seconds they are kept after that time. A session is kept slightly
 * longer than its access tokens, so that a logout with the last of them finds it; a redeemed code is kept to detect a replay, and an
 * expired one to inform its device.
 */
const EXPIRED = [
  { table: 'sessions', column: 'expires_at', keep: 60 },
  { table: 'browser_sessions', column: 'expires_at', keep: MADE_BY_FORM },
  { table: 'authorization_codes', column: 'expires_at', keep: 3600 },
  { table: 'device_codes', column: 'expires_at', keep: 3600 },
  { table: 'personal_access_tokens', column: 'expires_at', keep: 3600 },
  { table: 'one_time_tokens', column: 'expires_at', keep: 0 },
  { table: 'auth_sessions', column: 'expires_at', keep: 0 },
  { table: 'upstream_sessions', column: 'expires_at', keep: 0 },
  { table: 'remembered_browsers', column: 'expires_at', keep: 0 },
  { table: 'identifier_holds', column: 'expires_at', keep: 0 },
  { table: 'identifiers', column: 'released_at', keep: RELEASED },
  { table: 'identifiers', column: 'claimed_until', keep: 0 },
  { table: 'revocations', column: 'expires_at', keep: 0 },
  { table: 'signing_keys', column: 'keep_until', keep: 0 },
  { table: 'outbox', column: 'expires_at', keep: DEAD_LETTERS },
  { table: 'rate_limits', column: 'expire', keep: 0, milliseconds: true }
]

/**
 * Without an index on the time of revocation: these tables are scanned along the primary key. Guards need the revocation rather than the
 * row.
 */
const REVOKED = [
  { table: 'sessions', key: 'id', type: 'uuid', first: NO_UUID, keep: 0 },
  { table: 'browser_sessions', key: 'id', type: 'uuid', first: NO_UUID, keep: MADE_BY_FORM },
  { table: 'personal_access_tokens', key: 'id', type: 'uuid', first: NO_UUID, keep: MADE_BY_FORM },
  { table: 'signing_keys', key: 'kid', type: 'text', first: '', keep: 0 }
]

/** Tables that grow, and how to purge them. Locked rows are skipped, so no batch waits or causes a deadlock. */
export function createPurgeStore ({ pool, schema, connection }: Database): PurgeStore {
  const name = (table: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`

  async function run (text: string, limit: number, values: unknown[]): Promise<Batch> {
    const { rows } = await pool.query<Omit<Batch, 'done'> & { seen: number }>(text, [limit, ...values])
    const { count, cursor, seen } = rows[0]!
    return { count, cursor, done: seen < limit }
  }

  /** Starts with the oldest rows; the cursor avoids scanning the index entries of rows deleted before. */
  function expired (table: string, column: string, seconds: number, milliseconds = false): PurgeStep {
    const [type, first, end] = milliseconds
      ? ['bigint', '-1', "(extract(epoch FROM now() - $2 * interval '1 second') * 1000)::bigint"]
      : ['timestamptz', '-infinity', "now() - $2 * interval '1 second'"]
    const text = `WITH gone AS (DELETE FROM ${name(table)} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${name(table)} WHERE ${column} < ${end} AND ${column} >= coalesce($3::${type}, '${first}')
        ORDER BY ${column} LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING ${column})
      SELECT count(*)::int AS count, count(*)::int AS seen, max(${column})::text AS cursor FROM gone`
    return { table, batch: (limit, cursor) => run(text, limit, [seconds, cursor]) }
  }

  function revoked (table: string, key: string, type: string, first: string, keep: number): PurgeStep {
    const text =
      `WITH page AS MATERIALIZED (SELECT ${key} AS key, revoked_at IS NOT NULL AND created_at <= now() - $3 * interval '1 second' AS over FROM ${name(table)} WHERE ${key} > coalesce($2::${type}, '${first}') ORDER BY ${key} LIMIT $1),
        gone AS (DELETE FROM ${name(table)} WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM ${name(table)} WHERE ${key} = ANY (ARRAY(SELECT key FROM page WHERE over)) FOR UPDATE SKIP LOCKED)) RETURNING 1)
      SELECT (SELECT count(*)::int FROM gone) AS count, (SELECT count(*)::int FROM page) AS seen, (SELECT key::text FROM page ORDER BY key DESC LIMIT 1) AS cursor`
    return { table, batch: (limit, cursor) => run(text, limit, [cursor, keep]) }
  }

  function steps (options: PurgeOptions): PurgeStep[] {
    return [
      ...(options.revoked ? REVOKED.map(({ table, key, type, first, keep }) => revoked(table, key, type, first, keep)) : []),
      ...(options.expired
        ? [
            ...EXPIRED.map(({ table, column, keep, milliseconds }) => expired(table, column, keep + options.keep, milliseconds)),
            expired('audit_events', 'created_at', options.auditRetention + options.keep)
          ]
        : [])
    ]
  }

  /**
   * Holds a transaction-level lock on a connection outside the pool: this works behind a pooler too, and the lock ends with its process.
   */
  async function alone<T> (work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const lost = new AbortController()
    const client = newClient(connection, { connectionTimeoutMillis: CONNECT_MS, keepAlive: true, application_name: 'latchkey purge' })
    client.on('error', () => lost.abort())
    client.on('end', () => lost.abort())
    try {
      await client.connect()
      await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; ${sessionSettings({ schema, local: true })}`)
      // A statement with parameters would hold a snapshot, for which the vacuum would have to wait
      const { rows } = await client.query<{ taken: boolean }>(
        `SELECT pg_try_advisory_xact_lock(hashtext(${pg.escapeLiteral(`latchkey purge ${schema}`)})) AS taken`
      )
      return rows[0]!.taken ? await work(lost.signal) : null
    } finally {
      await client.end().catch(() => {})
    }
  }

  return { steps, alone }
}
