import { escapeLiteral, type QueryConfig, type QueryResultRow } from 'pg'
import type { FeedNews } from './feed.ts'
import type { ServerState } from './freshness.ts'
import { NONE, type Revocation } from './revocation-list.ts'

/** The name of a table with its schema. */
type Named = (table: string) => string
type Run = <Row extends QueryResultRow>(query: QueryConfig | string) => Promise<{ rows: Row[] }>

// insufficient_privilege, undefined_function, feature_not_supported: possible answers of a managed PostgreSQL
const NOT_THERE = new Set(['42501', '42883', '0A000'])

/** @returns the poll, which takes the cursor of the previous one, or null to read everything */
export function createPoll (run: Run, table: Named): (cursor: string | null) => Promise<FeedNews> {
  let text: string | null = null
  return async (cursor) => {
    text ??= pollSql(table, await serverSql(run, table))
    const { rows: [polled] } = await run<Polled>({ name: 'feed-poll', text, values: [cursor] })
    return { ...polled!, rows: rowsOf(polled!) }
  }
}

/**
 * Identifies the server that answers, and its history. Behind a pooler or a moving address another server may answer, whose transaction ids
 * cannot be compared with those of the previous one. The start time alone shows this, since a primary becomes a standby only by a restart;
 * where the role permits it, the system identifier and the timeline are included. The file of the table changes when a dump is restored
 * into the same server.
 */
async function serverSql (run: Run, table: Named): Promise<string> {
  const always = [
    'extract(epoch FROM pg_postmaster_start_time())::text',
    `coalesce(pg_relation_filenode(${escapeLiteral(table('revocations'))}::regclass)::text, '')`
  ]
  const parts = [
    '(SELECT system_identifier::text FROM pg_control_system())',
    // Changes at once with a promotion, unlike pg_control_checkpoint(); not available on a standby
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

/** The result of the feed's statement: one list per column, which PostgreSQL builds four times as fast as one object per row. */
type Polled = ServerState & {
  cursor: string
  now: number
  kinds: Revocation['kind'][]
  subjects: string[]
  owners: (string | null)[]
  epochs: (number | null)[]
  expiries: number[]
  /** By `kind subject`, for rows that have exceptions. */
  exceptions: Record<string, string[]>
}

/**
 * The feed's statement reads rows and cursor in one snapshot. A cursor on an id or a time would miss a transaction that began first and
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
