import type { Database } from '../database/client.ts'
import { inTransaction } from '../database/transaction.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import type { EndedUpstream, UpstreamSessionStore } from './upstream-origin.ts'

type Row = EndedUpstream & { isNew: boolean, revocation: Revocation | null }

/** Which login at a provider a session comes from. */
export function createUpstreamSessionStore (
  { pool, tables, rowTime }: Database, revocations: RevocationStore, outbox: Pick<OutboxWrites, 'write'>
): UpstreamSessionStore {
  const { sessions, browser_sessions: browsers, upstream_sessions: upstreams } = tables
  const { authorization_codes: codes, device_codes: devices, one_time_tokens: once } = tables

  const create: UpstreamSessionStore['create'] = async <Created extends object>(
    creation: Parameters<UpstreamSessionStore['create']>[0],
    { id, userId, origin: { provider, subject, sid, sealed }, ttl, notices = [] }: Parameters<UpstreamSessionStore['create']>[1]
  ) => await inTransaction(pool, async (client) => {
    const { rows } = await client.query<Created>(creation)
    if (rows.length === 0) return rows
    await client.query({
      name: 'upstream-session-create',
      text: `INSERT INTO ${upstreams} (id, user_id, provider, subject, sid, sealed, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')`,
      values: [id, userId, provider, subject, sid, sealed, ttl]
    })
    if (notices.length > 0) await outbox.write(notices, client)
    return rows
  })

  async function find (id: string) {
    const { rows } = await pool.query<{ provider: string, subject: string, sid: string | null, sealed: Uint8Array | null }>({
      name: 'upstream-session-find', text: `SELECT provider, subject, sid, sealed FROM ${upstreams} WHERE id = $1`, values: [id]
    })
    return rows[0] ?? null
  }

  /** Waits for codes that are being issued and redeemed, so that their sessions are seen and ended. */
  const end: UpstreamSessionStore['end'] = async ({ provider, subject, sid }, token) => {
    // A session of which the provider has named none is ended with every session of its user there. Each side of OR has an index
    const meant = `x.provider = $1 AND ((x.subject = $2::text AND (x.sid IS NULL OR $3::text IS NULL OR x.sid = $3))
      OR ($2 IS NULL AND x.sid = $3))`
    const from = (table: string, column: string) => `${table} y USING meant WHERE y.${column} = meant.id`
    const ended = (table: string, client: string) => `UPDATE ${table} y SET revoked_at = now() FROM meant
      WHERE y.id = meant.id AND y.revoked_at IS NULL AND y.expires_at > now() RETURNING y.id, y.user_id, y.token_epoch, ${client} AS client_id`
    const rows = await revocations.runLocked<Row>({
      name: 'upstream-lock',
      text: `WITH browser AS (SELECT y.id FROM ${browsers} y JOIN ${upstreams} x ON x.id = y.id WHERE ${meant} ORDER BY y.id FOR NO KEY UPDATE OF y),
          code AS (SELECT y.hash FROM ${codes} y JOIN ${upstreams} x ON x.id = y.session_id WHERE ${meant} ORDER BY y.hash FOR UPDATE OF y),
          device AS (SELECT y.hash FROM ${devices} y JOIN ${upstreams} x ON x.id = y.browser_session_id WHERE ${meant} ORDER BY y.hash FOR UPDATE OF y)
        SELECT (SELECT count(*) FROM browser), (SELECT count(*) FROM code), (SELECT count(*) FROM device)`,
      values: [provider, subject, sid]
    }, {
      name: 'upstream-end',
      text: `WITH used AS (INSERT INTO ${once} (hash, purpose, expires_at) VALUES ($4, 'logout', $5) ON CONFLICT (hash) DO NOTHING RETURNING hash),
          meant AS (DELETE FROM ${upstreams} x WHERE ${meant} AND EXISTS (SELECT FROM used) RETURNING x.id),
          ended_session AS (${ended(sessions, 'y.client_id')}),
          ended_browser AS (${ended(browsers, 'NULL::text')}),
          ended AS (SELECT * FROM ended_session UNION ALL SELECT * FROM ended_browser),
          codes_unspent AS (DELETE FROM ${from(codes, 'session_id')} AND y.redeemed_at IS NULL),
          devices_unspent AS (DELETE FROM ${from(devices, 'browser_session_id')} AND y.redeemed_at IS NULL),
          listed AS (${revocations.insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})
        SELECT true AS "isNew", NULL::uuid AS "sessionId", NULL::uuid AS "userId", NULL::text AS "clientId", NULL::json AS revocation FROM used
        UNION ALL SELECT true, id, user_id, client_id, NULL FROM ended UNION ALL SELECT true, NULL, NULL, NULL, revocation::json FROM listed`,
      values: [provider, subject, sid, token.hash, rowTime(token.expiresAt)]
    })
    if (rows.length === 0) return null
    return rows.flatMap(({ sessionId, userId, clientId }) => sessionId === null ? [] : [{ sessionId, userId, clientId }])
  }

  return { create, find, end }
}
