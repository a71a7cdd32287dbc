import type { PoolClient } from 'pg'
import type { Database } from '../database/client.ts'
import { afterCommit } from '../database/transaction.ts'
import type { ClaimedEntry, DeadLetter, KeptEntry, OutboxCounts, OutboxEntry, OutboxStore, OutboxWrites } from './ports.ts'

/** Seconds: the next purge deletes it. */
const LONG_AGO = 30 * 86_400
const AFTER_ANSWER_MS = 100

export function createOutboxStore ({ pool, tables }: Database) {
  const { outbox } = tables
  const subscribers: (() => void)[] = []

  /**
   * An INSERT for a WITH clause, or a statement of its own.
   * @param entries the parameter with the entries, as JSON, such as `$3`
   * @param condition SQL; nothing is written where it is false
   */
  function insertSql (entries: string, condition = 'true'): string {
    return `INSERT INTO ${outbox} (id, kind, sealed, expires_at, next_attempt_at)
      SELECT e.id, e.kind, decode(e.sealed, 'base64'), now() + e."expiresIn" * interval '1 second', CASE WHEN e.parked THEN 'infinity' ELSE now() END
      FROM jsonb_to_recordset(${entries}::jsonb) AS e (id uuid, kind text, sealed text, "expiresIn" int, parked boolean)
      WHERE ${condition}`
  }

  /**
   * Writes entries; with the `client` of an `inTransaction` in that transaction, after whose commit they are sent.
   */
  async function write (entries: OutboxEntry[], client?: PoolClient): Promise<void> {
    if (entries.length === 0) return
    await (client ?? pool).query({ name: 'outbox-write', text: insertSql('$1'), values: [JSON.stringify(entries)] })
    if (client) afterCommit(client, announce)
    else announce()
  }

  const writeWith: OutboxWrites['writeWith'] = async <Row extends object>(
    { name, text, values }: Parameters<OutboxWrites['writeWith']>[0], entries: OutboxEntry[] = []
  ) => {
    if (entries.length === 0) return (await pool.query<Row>({ name, text, values })).rows
    const { rows } = await pool.query<Row>({
      name: `${name}-told`,
      text: `WITH cause AS (${text}), told AS (${insertSql(`$${values.length + 1}`, 'EXISTS (SELECT FROM cause)')}) SELECT * FROM cause`,
      values: [...values, JSON.stringify(entries)]
    })
    if (rows.length > 0) announce()
    return rows
  }

  const writeEvenly: OutboxWrites['writeEvenly'] = async (entries, isForNobody, client) => {
    const written = isForNobody ? entries.map((entry) => ({ ...entry, parked: true, expiresIn: -LONG_AGO })) : entries
    await client.query({ name: 'outbox-write', text: insertSql('$1'), values: [JSON.stringify(written)] })
    // Sending costs time, too, of which the answer must know nothing
    afterCommit(client, () => { setTimeout(announce, AFTER_ANSWER_MS).unref() })
  }

  /** Tells this process that entries were committed. */
  function announce (): void {
    for (const subscriber of subscribers) subscriber()
  }

  function subscribe (onWritten: () => void): void {
    subscribers.push(onWritten)
  }

  const claim: OutboxStore['claim'] = async (kinds, limit, leaseSeconds) => {
    const { rows } = await pool.query<ClaimedEntry>({
      name: 'outbox-claim',
      text: `UPDATE ${outbox} SET locked_until = now() + $3 * interval '1 second', attempts = attempts + 1
        WHERE id = ANY (ARRAY(
          SELECT id FROM ${outbox} WHERE failed_at IS NULL AND next_attempt_at <= now() AND (locked_until IS NULL OR locked_until <= now()) AND kind = ANY ($1)
          ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id, kind, sealed, attempts, expires_at <= now() AS "isExpired", extract(epoch FROM now() - created_at)::float8 AS age`,
      values: [kinds, limit, leaseSeconds]
    })
    return rows
  }

  async function sent (id: string): Promise<void> {
    await pool.query({ name: 'outbox-sent', text: `DELETE FROM ${outbox} WHERE id = $1`, values: [id] })
  }

  // A lease that has ended may be held by another process, which has then counted one more attempt
  const retry: OutboxStore['retry'] = async ({ id, attempts }, delay, error) => {
    await pool.query({
      name: 'outbox-retry',
      text: `UPDATE ${outbox} SET locked_until = NULL, next_attempt_at = least(now() + $3 * interval '1 second', greatest(expires_at, now())), last_error = $4
        WHERE id = $1 AND attempts = $2`,
      values: [id, attempts, delay, error]
    })
  }

  const fail: OutboxStore['fail'] = async ({ id, attempts }, error) => {
    await pool.query({
      name: 'outbox-fail',
      text: `UPDATE ${outbox} SET locked_until = NULL, failed_at = now(), last_error = $3 WHERE id = $1 AND attempts = $2`,
      values: [id, attempts, error]
    })
  }

  const release: OutboxStore['release'] = async (leases) => {
    await pool.query({
      name: 'outbox-release',
      text: `UPDATE ${outbox} o SET locked_until = NULL, attempts = o.attempts - 1
        FROM unnest($1::uuid[], $2::int[]) AS l (id, attempts) WHERE o.id = l.id AND o.attempts = l.attempts`,
      values: [leases.map(({ id }) => id), leases.map(({ attempts }) => attempts)]
    })
  }

  /** The latest entries that are kept to be looked at, or one of them. */
  async function kept (id: string | null): Promise<KeptEntry[]> {
    const { rows } = await pool.query<KeptEntry>(
      `SELECT id, kind, sealed, created_at AS "createdAt" FROM ${outbox}
       WHERE failed_at IS NULL AND next_attempt_at = 'infinity' AND expires_at > created_at AND ($1::uuid IS NULL OR id = $1) ORDER BY id DESC LIMIT 100`,
      [id]
    )
    return rows
  }

  /** Dead letters, the latest first. */
  async function failed (limit: number): Promise<DeadLetter[]> {
    const { rows } = await pool.query<DeadLetter>(
      `SELECT id, kind, attempts, failed_at AS "failedAt", expires_at AS "expiresAt", last_error AS "lastError" FROM ${outbox}
       WHERE failed_at IS NOT NULL ORDER BY failed_at DESC LIMIT $1`,
      [limit]
    )
    return rows
  }

  /**
   * Makes dead letters due again: some, or all that have not expired.
   * @returns how many
   */
  async function retryFailed (ids: string[] | null): Promise<number> {
    const { rowCount } = await pool.query(
      `UPDATE ${outbox} SET failed_at = NULL, attempts = 0, next_attempt_at = now()
       WHERE failed_at IS NOT NULL AND expires_at > now() AND ($1::text[] IS NULL OR id::text = ANY ($1))`,
      [ids]
    )
    return rowCount ?? 0
  }

  async function counts (): Promise<OutboxCounts> {
    const { rows } = await pool.query<OutboxCounts>({
      name: 'outbox-counts',
      text: `SELECT count(*) FILTER (WHERE failed_at IS NULL)::int AS queued, count(*) FILTER (WHERE failed_at IS NOT NULL)::int AS failed,
          coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE failed_at IS NULL)), 0)::float8 AS oldest
        FROM ${outbox} WHERE next_attempt_at < 'infinity'`
    })
    return rows[0]!
  }

  return {
    insertSql, write, writeWith, writeEvenly, announce, subscribe, claim, sent, retry, fail, release, kept, failed, retryFailed, counts
  }
}
