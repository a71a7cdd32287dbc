import type { Database } from '../database/client.ts'
import type { Access, AccessFilter, AccessStore } from './access.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import { nextEpoch } from '../users/epoch-sql.ts'
import type { SessionEndStore } from '../sessions/end.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'

const BATCH = 500

type Ended = { userId: string, clientId: string | null, revocation: Revocation | null }

/** What has access to an account. A user can only end their own: what belongs to another user is not found. */
export function createAccessStore ({ pool, tables, rowTime }: Database, revocations: RevocationStore): AccessStore & SessionEndStore['access'] {
  const { sessions, browser_sessions: browsers, clients, consents, users, authorization_codes: codes, device_codes: devices } = tables

  async function list ({ userId, clientId, limit }: AccessFilter, idleTtl: { session: number, browser: number }): Promise<Access[]> {
    const [by, condition] = userId !== undefined
      ? ['user', 'x.user_id = $4::uuid']
      : clientId !== undefined
        ? ['client', 'x.client_id = $4']
        : ['all', '$4::text IS NULL']
    const { rows } = await pool.query<Access>({
      name: `access-list-${by}`,
      text: `SELECT x.id, 'session' AS kind, x.user_id AS "userId", json_build_object('id', c.id, 'name', c.name, 'firstParty', c.first_party, 'scopes', c.scopes) AS client, x.scopes, x.ip,
          x.user_agent AS "userAgent", x.created_at AS "createdAt", coalesce(x.rotations[1], x.created_at) AS "lastUsedAt", x.expires_at AS "expiresAt"
        FROM ${sessions} x JOIN ${clients} c ON c.id = x.client_id AND c.revoked_at IS NULL JOIN ${users} u ON u.id = x.user_id AND u.token_epoch = x.token_epoch
        WHERE ${condition} AND x.revoked_at IS NULL AND x.expires_at > now() AND coalesce(x.rotations[1], x.created_at) > now() - $1 * interval '1 second'
        UNION ALL SELECT x.id, 'browser', x.user_id, NULL, '{}', x.ip, x.user_agent, x.created_at, x.last_seen_at, x.expires_at
        FROM (SELECT *, NULL AS client_id FROM ${browsers}) x JOIN ${users} u ON u.id = x.user_id AND u.token_epoch = x.token_epoch
        WHERE ${condition} AND x.revoked_at IS NULL AND x.expires_at > now() AND (x.remember OR x.last_seen_at > now() - $2 * interval '1 second')
        ORDER BY "lastUsedAt" DESC, id LIMIT $3`,
      values: [idleTtl.session, idleTtl.browser, limit, userId ?? clientId]
    })
    return rows
  }

  async function end (id: string, userId: string | null) {
    const ended = (table: string, client: string) =>
      `UPDATE ${table} SET revoked_at = now() WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND revoked_at IS NULL AND expires_at > now()
      RETURNING id, user_id, token_epoch, ${client} AS client_id`
    const rows = await revocations.run<Ended>({
      name: 'access-end',
      text: `WITH ended_session AS (${ended(sessions, 'client_id')}), ended_browser AS (${ended(browsers, 'NULL::text')}),
        ended AS (SELECT * FROM ended_session UNION ALL SELECT * FROM ended_browser),
        forgotten AS (DELETE FROM ${consents} n USING ended e JOIN ${clients} c ON c.id = e.client_id AND NOT c.first_party WHERE n.user_id = e.user_id AND n.client_id = e.client_id),
        listed AS (${revocations.insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})
        SELECT ended.user_id AS "userId", ended.client_id AS "clientId", listed.revocation FROM ended LEFT JOIN listed ON true`,
      values: [id, userId]
    })
    const [row] = rows
    return row ? { userId: row.userId, clientId: row.clientId } : null
  }

  /** In batches, so that no statement locks a million rows. Sessions that begin meanwhile continue. */
  async function endOfClient (clientId: string): Promise<number> {
    const { rows: [began] } = await pool.query<{ now: Date }>('SELECT now()')
    for (let total = 0; ;) {
      const ended = await revocations.run<{ revocation: Revocation | null }>({
        text: `WITH ended AS (UPDATE ${sessions} SET revoked_at = now() WHERE id IN (SELECT id FROM ${sessions}
            WHERE client_id = $1 AND revoked_at IS NULL AND expires_at > now() AND created_at <= $2::timestamptz + interval '1 second' ORDER BY id LIMIT ${BATCH}) RETURNING id, user_id, token_epoch)
          ${revocations.insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")}`,
        values: [clientId, rowTime(began!.now)]
      })
      total += ended.length
      if (ended.length < BATCH) return total
    }
  }

  async function endAll (userId: string, keepSession: string | null): Promise<boolean> {
    const rows = await revocations.runLocked<{ revocation: Revocation | null }>({
      text: `SELECT FROM ${users} WHERE id = $1 FOR NO KEY UPDATE`,
      values: [userId]
    }, {
      text: `WITH raised AS (UPDATE ${users} u SET token_epoch = ${nextEpoch('u.token_epoch')}, updated_at = now() FROM ${users} o WHERE u.id = $1 AND o.id = u.id RETURNING u.id, u.token_epoch, o.token_epoch AS before),
        kept AS (UPDATE ${sessions} s SET token_epoch = raised.token_epoch FROM raised
          WHERE s.id = $2 AND s.user_id = raised.id AND s.revoked_at IS NULL AND s.token_epoch = raised.before RETURNING s.id)
        ${revocations.insertSql("SELECT 'user', id::text, NULL::text, token_epoch, ARRAY(SELECT id FROM kept) FROM raised")}`,
      values: [userId, keepSession]
    })
    return rows.length > 0
  }

  /** Waits for in-flight redemptions, so that their sessions are seen and ended. */
  async function endLogins (userId: string, keepSession: string | null) {
    const alive = `x.user_id = $1 AND x.id IS DISTINCT FROM $2::uuid AND x.revoked_at IS NULL AND x.expires_at > now()
      AND x.token_epoch = (SELECT u.token_epoch FROM ${users} u WHERE u.id = $1)`
    const unspent = (table: string) =>
      `DELETE FROM ${table} x USING ${clients} c WHERE x.user_id = $1 AND c.id = x.client_id AND c.first_party AND x.redeemed_at IS NULL`
    const rows = await revocations.runLocked<{ sessionId: string | null, clientId: string | null, revocation: Revocation | null }>({
      name: 'logins-lock',
      text: `WITH code AS (SELECT hash FROM ${codes} WHERE user_id = $1 ORDER BY hash FOR UPDATE),
          device AS (SELECT hash FROM ${devices} WHERE user_id = $1 ORDER BY hash FOR UPDATE)
        SELECT (SELECT count(*) FROM code), (SELECT count(*) FROM device)`,
      values: [userId]
    }, {
      name: 'logins-end',
      text: `WITH ended_session AS (UPDATE ${sessions} x SET revoked_at = now() FROM ${clients} c
            WHERE ${alive} AND c.id = x.client_id AND c.first_party RETURNING x.id, x.user_id, x.token_epoch, x.client_id),
          ended_browser AS (UPDATE ${browsers} x SET revoked_at = now() WHERE ${alive} RETURNING x.id, x.user_id, x.token_epoch, NULL::text AS client_id),
          ended AS (SELECT * FROM ended_session UNION ALL SELECT * FROM ended_browser),
          codes_unspent AS (${unspent(codes)}),
          devices_unspent AS (${unspent(devices)}),
          listed AS (${revocations.insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})
        SELECT id AS "sessionId", client_id AS "clientId", NULL::json AS revocation FROM ended UNION ALL SELECT NULL, NULL, revocation::json FROM listed`,
      values: [userId, keepSession]
    })
    return rows.flatMap(({ sessionId, clientId }) => sessionId === null ? [] : [{ sessionId, clientId }])
  }

  return { list, end, endLogins, endAll, endOfClient }
}
