import type { HistoryStore } from '../account/history.ts'
import type { AuditEntry } from './audit-trail.ts'
import type { Database } from '../database/client.ts'

/** An INSERT of events from a SELECT of type, user, client, session, address and user agent. */
export function auditSql (events: string, from: string): string {
  return `INSERT INTO ${events} (id, type, user_id, client_id, session_id, ip, user_agent)
    SELECT gen_random_uuid(), e.* FROM (${from}) AS e (type, user_id, client_id, session_id, ip, user_agent)`
}

export type AuditFilter = {
  userId?: string | undefined, clientId?: string | undefined, type?: string | undefined, since?: Date | undefined,
  limit: number
}

export type AuditLine = Required<Omit<AuditEntry, 'ago'>> & { createdAt: Date }

/** How far an entry may be ahead of its time to keep the order: a clock wrong for a moment must not date the entries long after. */
const AHEAD = '1 minute'

export function createAuditStore ({ prisma, pool, tables }: Database) {
  let latest: string | null = null

  /**
   * All entries in one statement. None is earlier than those of the call before, however long either has waited for a connection. A user
   * who has been deleted meanwhile is left out: a deletion under way is waited for, and waits for this.
   */
  async function write (entries: AuditEntry[]): Promise<void> {
    const { rows } = await pool.query<{ latest: string | null }>({
      name: 'audit-write',
      text: `WITH alive AS (SELECT u.id FROM ${tables.users} u WHERE u.id IN (SELECT (e->>'userId')::uuid FROM jsonb_array_elements($1::jsonb) AS e)
          ORDER BY u.id FOR KEY SHARE),
        written AS (INSERT INTO ${tables.audit_events} (id, type, user_id, client_id, session_id, ip, user_agent, detail, created_at)
          SELECT coalesce(e.id, gen_random_uuid()), e.type, u.id, e."clientId", e."sessionId",
            CASE WHEN e."userId" IS NULL OR u.id IS NOT NULL THEN e.ip END, CASE WHEN e."userId" IS NULL OR u.id IS NOT NULL THEN e."userAgent" END, coalesce(e.detail, '{}'),
            greatest(now() - coalesce(e.ago, 0) * interval '1 millisecond', CASE WHEN $2::timestamptz < now() + interval '${AHEAD}' THEN $2::timestamptz END)
          FROM jsonb_to_recordset($1::jsonb) AS e (id uuid, type text, "userId" uuid, "clientId" text, "sessionId" uuid, ip text, "userAgent" text, detail jsonb, ago float8)
            LEFT JOIN alive u ON u.id = e."userId"
          RETURNING created_at)
        SELECT max(created_at)::text AS latest FROM written`,
      values: [JSON.stringify(entries), latest]
    })
    latest = rows[0]?.latest ?? latest
  }

  /** Newest first. A type may end in `.*`. */
  async function list ({ userId, clientId, type, since, limit }: AuditFilter): Promise<AuditLine[]> {
    const rows = await (await prisma()).auditEvent.findMany({
      where: {
        ...(userId !== undefined && { userId }),
        ...(clientId !== undefined && { clientId }),
        ...(type !== undefined && { type: type.endsWith('.*') ? { startsWith: type.slice(0, -1) } : type }),
        ...(since !== undefined && { createdAt: { gte: since } })
      },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit
    })
    return rows as AuditLine[]
  }

  const history: HistoryStore['history'] = async (userId, { types, before, limit }) => {
    const { rows } = await pool.query<Awaited<ReturnType<HistoryStore['history']>>[number]>({
      name: 'audit-history',
      text: `SELECT a.id, a.type, COALESCE(a.detail->>'reason', a.detail->'missing'->>0) AS reason, a.ip, a.user_agent AS "userAgent", a.created_at AS "createdAt",
          CASE WHEN c.id IS NOT NULL THEN json_build_object('name', c.name, 'firstParty', c.first_party) END AS client
        FROM ${tables.audit_events} a LEFT JOIN ${tables.clients} c ON c.id = a.client_id
        WHERE a.user_id = $1 AND a.type = ANY ($2::text[])
          AND ($3::uuid IS NULL OR (a.created_at, a.id) < (SELECT b.created_at, b.id FROM ${tables.audit_events} b WHERE b.id = $3 AND b.user_id = $1))
        ORDER BY a.created_at DESC, a.id DESC LIMIT $4`,
      values: [userId, types, before, limit]
    })
    return rows
  }

  return { write, list, history }
}
