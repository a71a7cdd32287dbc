import { escapeLiteral, type QueryConfig, type QueryResultRow } from 'pg'
import type { FeedNews } from './feed.ts'
import type { ServerState } from './freshness.ts'
import { NONE, type Revocation } from './revocation-list.ts'

/** The name of a table with its schema. */
type Named = (table: string) => string
type Run = <Row extends QueryResultRow>(query: QueryConfig | string) => Promise<{ rows: Row[] }>

// insufficient_privilege, undefined_function, feature_not_supported: what a managed PostgreSQL may answer
const NOT_THERE = new Set(['42501', '42883', '0A000'])

/** @returns the poll, with the cursor of the one before, or null for everything */
export function createPoll (run: Run, table: Named): (cursor: string | null) => Promise<FeedNews> {
  let text: string | null = null
  return async (cursor) => {
    text ??= pollSql(table, await serverSql(run, table))
    const { rows: [polled] } = await run<Polled>({ name: 'feed-poll', text, values: [cursor] })
    return { ...polled!, rows: rowsOf(polled!) }
  }
}

/**
 * Which server answers, and which history of it: behind a pooler or an address that moves another one may, whose transaction ids say
 * nothing of those of the one before. The time at which it was started tells that by itself, since a primary becomes none without a start;
 * where the role may, the system identifier and the timeline say it, too. The file of the table changes when a dump is put back into the
 * same server.
 */
async function serverSql (run: Run, table: Named): Promise<string> {
  const always = ['extract(epoch FROM pg_postmaster_start_time())::text',
    `coalesce(pg_relation_filenode(${escapeLiteral(table('revocations'))}::regclass)::text, '')`]
  const parts = [
    '(SELECT system_identifier::text FROM pg_control_system())',
    // At once with a promotion, unlike pg_control_checkpoint(); a standby cannot be asked
    "CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
  ]
  const known = []
  if (await isThere(run, parts.join(', '))) known.push(...parts)
  else for (const part of parts) if (await isThere(run, part)) known.push(part)
  return [...known, ...always].join(" || ':' || ")
}

async function isThere (run: Run, part: string): Promise<boolean> {
  try {
    await run(`SELECT ${part}`)
    return true
  } catch (error) {
    if (NOT_THERE.has((error as { code?: string }).code ?? '')) return false
    throw error
  }
}

/** What the feed's statement answers: a list for each column, which PostgreSQL makes four times as fast as an object for each row. */
type Polled = ServerState & {
  cursor: string
  now: number
  kinds: Revocation['kind'][]
  subjects: string[]
  owners: (string | null)[]
  epochs: (number | null)[]
  expiries: number[]
  /** By `kind subject`, of those that have some. */
  exceptions: Record<string, string[]>
}

/**
 * The feed's statement: rows and cursor in one snapshot. A cursor on an id or a time would miss the transaction that began first and
 * committed last.
 */
function pollSql (table: Named, server: string): string {
  const column = (name: string) => `coalesce(json_agg(r.${name}), '[]')`
  return `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS cursor,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
    pg_is_in_recovery() AS standby,
    ${server} AS server,
    (SELECT json_build_object('number', p.number::text, 'proven', p.proven::text, 'age', (extract(epoch FROM clock_timestamp() - p.proven_at) * 1000)::float8) FROM ${table('feed_pulse')} p WHERE p.id = 1) AS pulse,
    ${column('kind')} AS kinds, ${column('subject')} AS subjects, ${column('owner')} AS owners, ${column('epoch')} AS epochs, coalesce(json_agg(date_part('epoch', r.expires_at) * 1000), '[]') AS expiries,
    coalesce(json_object_agg(r.kind || ' ' || r.subject, r.except_sessions) FILTER (WHERE r.except_sessions <> '{}'), '{}') AS exceptions
    FROM ${table('revocations')} r WHERE ($1::text IS NULL OR r.xid >= $1::text::xid8) AND r.expires_at > now()`
}

function rowsOf ({ kinds, subjects, owners, epochs, expiries, exceptions }: Polled): Revocation[] {
  const exceptional = Object.keys(exceptions).length > 0
  return kinds.map((kind, index) => {
    const subject = subjects[index]!
    const except = exceptional ? exceptions[`${kind} ${subject}`] ?? NONE : NONE
    return { kind, subject, owner: owners[index]!, epoch: epochs[index]!, except, expiresAt: expiries[index]! }
  })
}
