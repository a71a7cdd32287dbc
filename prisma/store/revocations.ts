import type { QueryConfig } from 'pg'
import type { Database } from '../../src/database/client.ts'
import type { TokenRevocations } from '../../src/oauth/ports.ts'
import { NONE, type Revocation } from '../../src/revocation/revocation-list.ts'
import { LONGEST_TOKEN_TTL } from './settings.ts'
import { inTransaction } from './transaction.ts'

/** Columns of a revocation, as JSON, with the expiry in milliseconds. */
const AS_JSON = (row: string) => `json_build_object('kind', ${row}.kind, 'subject', ${row}.subject, 'owner', ${row}.owner, 'epoch', ${row}.epoch,
  'except', ${row}.except_sessions, 'expiresAt', (extract(epoch FROM ${row}.expires_at) * 1000)::bigint)`

export type RevocationStore = ReturnType<typeof createRevocationStore>

/** @param onRevoked told after the commit: applies it here and tells the other processes */
export function createRevocationStore ({ pool, tables }: Database, onRevoked: (rows: Revocation[]) => void) {
  // A row lives as long as a token that it refuses can: database time + the longest life ever configured + 10 min
  const until = `now() + ((SELECT value::text::int FROM ${tables.settings} WHERE name = '${LONGEST_TOKEN_TTL}') + 600) * interval '1 second'`

  /**
   * An INSERT for a WITH clause: `from` selects the kind, subject, owner, epoch and except of what another part of the statement ended.
   * A higher epoch stands for a lower one.
   */
  function insertSql (from: string): string {
    return `INSERT INTO ${tables.revocations} AS r (kind, subject, owner, epoch, except_sessions, expires_at)
      SELECT ended.*, ${until} FROM (${from}) AS ended (kind, subject, owner, epoch, except_sessions)
      ON CONFLICT (kind, subject) DO UPDATE SET xid = pg_current_xact_id(), epoch = excluded.epoch, except_sessions = excluded.except_sessions,
        expires_at = greatest(r.expires_at, excluded.expires_at)
      RETURNING ${AS_JSON('r')} AS revocation`
  }

  /** Runs a statement whose rows may carry a `revocation`, and passes those on. */
  async function run<Row extends { revocation: Revocation | null }> (query: QueryConfig): Promise<Row[]> {
    const { rows } = await pool.query<Row>(query)
    tell(rows)
    return rows
  }

  /** The same after another statement has locked something, so that it sees what whoever held the lock has done. */
  async function runLocked<Row extends { revocation: Revocation | null }> (lock: QueryConfig, query: QueryConfig): Promise<Row[]> {
    const { rows } = await inTransaction(pool, async (client) => {
      await client.query(lock)
      return await client.query<Row>(query)
    })
    tell(rows)
    return rows
  }

  function tell (rows: { revocation: Revocation | null }[]): void {
    const revoked = rows.flatMap(({ revocation }) => revocation ?? [])
    if (revoked.length > 0) onRevoked(revoked)
  }

  async function revokeToken ({ jti, clientId, epoch }: Parameters<TokenRevocations['revoke']>[0]): Promise<void> {
    await run<{ revocation: Revocation | null }>({
      name: 'token-revoke', text: insertSql("SELECT 'token', $1::text, $2::text, $3::int, '{}'::uuid[]"), values: [jti, clientId, epoch]
    })
  }

  return { insertSql, run, runLocked, revoke: revokeToken }
}

/** What the feed's statement answers: a list for each column, which PostgreSQL makes four times as fast as an object for each row. */
export type Polled = {
  cursor: string
  now: number
  standby: boolean
  kinds: Revocation['kind'][]
  subjects: string[]
  owners: (string | null)[]
  epochs: (number | null)[]
  expiries: number[]
  /** By `kind subject`, of those that have some. */
  exceptions: Record<string, string[]>
}

/** The feed's statement: rows and cursor in one snapshot. A cursor on an id or a time would miss the transaction that began first and committed last. */
export function pollSql (schemaTable: string): string {
  const column = (name: string) => `coalesce(json_agg(r.${name}), '[]')`
  return `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS cursor,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
    pg_is_in_recovery() AS standby,
    ${column('kind')} AS kinds, ${column('subject')} AS subjects, ${column('owner')} AS owners, ${column('epoch')} AS epochs, coalesce(json_agg(date_part('epoch', r.expires_at) * 1000), '[]') AS expiries,
    coalesce(json_object_agg(r.kind || ' ' || r.subject, r.except_sessions) FILTER (WHERE r.except_sessions <> '{}'), '{}') AS exceptions
    FROM ${schemaTable} r WHERE ($1::text IS NULL OR r.xid >= $1::text::xid8) AND r.expires_at > now()`
}

export function rowsOf ({ kinds, subjects, owners, epochs, expiries, exceptions }: Polled): Revocation[] {
  const exceptional = Object.keys(exceptions).length > 0
  return kinds.map((kind, index) => {
    const subject = subjects[index]!
    const except = exceptional ? exceptions[`${kind} ${subject}`] ?? NONE : NONE
    return { kind, subject, owner: owners[index]!, epoch: epochs[index]!, except, expiresAt: expiries[index]! }
  })
}
