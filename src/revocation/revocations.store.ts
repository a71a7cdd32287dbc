import type { QueryConfig } from 'pg'
import type { Database } from '../database/client.ts'
import type { TokenRevocations } from '../oauth/ports.ts'
import type { Revocation } from './revocation-list.ts'
import { LONGEST_TOKEN_TTL } from '../database/settings.store.ts'
import { inTransaction, type Transaction } from '../database/transaction.ts'

/** Columns of a revocation, as JSON, with the expiry in milliseconds. */
const AS_JSON = (row: string) =>
  `json_build_object('kind', ${row}.kind, 'subject', ${row}.subject, 'owner', ${row}.owner, 'epoch', ${row}.epoch,
  'except', ${row}.except_sessions, 'expiresAt', (extract(epoch FROM ${row}.expires_at) * 1000)::bigint)`

export type RevocationStore = ReturnType<typeof createRevocationStore>

/** Called after the commit, in the order of subscribing. It must not throw. */
export type OnRevoked = (rows: Revocation[]) => void

export function createRevocationStore ({ pool, tables }: Database) {
  const subscribers: OnRevoked[] = []
  // A row lives as long as the tokens that it refuses: database time + the longest lifetime ever configured + 10 min
  const until =
    `now() + ((SELECT value::text::int FROM ${tables.settings} WHERE name = '${LONGEST_TOKEN_TTL}') + 600) * interval '1 second'`

  /**
   * An INSERT for a WITH clause: `from` selects the kind, subject, owner, epoch and except of what another part of the statement ended. A
   * higher epoch replaces a lower one.
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

  /**
   * The same after others have taken locks, so that it sees what their previous holders have done.
   * @param also writes something else in the same transaction
   */
  async function runLocked<Row extends { revocation: Revocation | null }> (
    lock: QueryConfig | QueryConfig[],
    query: QueryConfig,
    also?: (transaction: Transaction, rows: Row[]) => Promise<void>
  ): Promise<Row[]> {
    const rows = await inTransaction(pool, async (client) => {
      for (const one of [lock].flat()) await client.query(one)
      const result = await client.query<Row>(query)
      await also?.(client, result.rows)
      return result.rows
    })
    tell(rows)
    return rows
  }

  function tell (rows: { revocation: Revocation | null }[]): void {
    const revoked = rows.flatMap(({ revocation }) => revocation ?? [])
    if (revoked.length > 0) for (const onRevoked of subscribers) onRevoked(revoked)
  }

  async function revokeToken ({ jti, clientId, epoch }: Parameters<TokenRevocations['revoke']>[0]): Promise<void> {
    await run<{ revocation: Revocation | null }>({
      name: 'token-revoke', text: insertSql("SELECT 'token', $1::text, $2::text, $3::int, '{}'::uuid[]"), values: [jti, clientId, epoch]
    })
  }

  /** Hears of what this process revokes, whichever statement did it; the feed brings what others do. */
  function subscribe (onRevoked: OnRevoked): void {
    subscribers.push(onRevoked)
  }

  return { insertSql, run, runLocked, revoke: revokeToken, subscribe }
}
