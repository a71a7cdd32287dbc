import type { Database } from '../../src/database/client.ts'
import type { Access, AccessStore } from '../../src/oauth/access.ts'
import type { Revocation } from '../../src/revocation/revocation-list.ts'
import type { RevocationStore } from './revocations.ts'

type Ended = { clientId: string | null, revocation: Revocation | null }

/** What has access to an account. Every statement holds the user: what is another's is not found. */
export function createAccessStore ({ pool, tables }: Database, revocations: RevocationStore): AccessStore {
  const { sessions, browser_sessions: browsers, clients, consents, users } = tables

  async function list (userId: string, idleTtl: { session: number, browser: number }): Promise<Access[]> {
    const { rows } = await pool.query<Access>({
      name: 'access-list',
      text: `SELECT s.id, 'session' AS kind, json_build_object('id', c.id, 'name', c.name, 'firstParty', c.first_party) AS client, s.scopes, s.ip, s.user_agent AS "userAgent",
          s.created_at AS "createdAt", coalesce(s.rotations[1], s.created_at) AS "lastUsedAt", s.expires_at AS "expiresAt"
        FROM ${sessions} s JOIN ${clients} c ON c.id = s.client_id AND c.revoked_at IS NULL JOIN ${users} u ON u.id = s.user_id AND u.token_epoch = s.token_epoch
        WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > now() AND coalesce(s.rotations[1], s.created_at) > now() - $2 * interval '1 second'
        UNION ALL SELECT b.id, 'browser', NULL, '{}', b.ip, b.user_agent, b.created_at, b.last_seen_at, b.expires_at
        FROM ${browsers} b JOIN ${users} u ON u.id = b.user_id AND u.token_epoch = b.token_epoch
        WHERE b.user_id = $1 AND b.revoked_at IS NULL AND b.expires_at > now() AND (b.remember OR b.last_seen_at > now() - $3 * interval '1 second')
        ORDER BY "lastUsedAt" DESC, id`,
      values: [userId, idleTtl.session, idleTtl.browser]
    })
    return rows
  }

  async function end (id: string, userId: string) {
    const ended = (table: string, client: string) => `UPDATE ${table} SET revoked_at = now() WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > now()
      RETURNING id, user_id, token_epoch, ${client} AS client_id`
    const rows = await revocations.run<Ended>({
      name: 'access-end',
      text: `WITH ended_session AS (${ended(sessions, 'client_id')}), ended_browser AS (${ended(browsers, 'NULL::text')}),
        ended AS (SELECT * FROM ended_session UNION ALL SELECT * FROM ended_browser),
        forgotten AS (DELETE FROM ${consents} n USING ended e JOIN ${clients} c ON c.id = e.client_id AND NOT c.first_party WHERE n.user_id = e.user_id AND n.client_id = e.client_id),
        listed AS (${revocations.insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})
        SELECT ended.client_id AS "clientId", listed.revocation FROM ended LEFT JOIN listed ON true`,
      values: [id, userId]
    })
    const [row] = rows
    return row ? { clientId: row.clientId } : null
  }

  async function endAll (userId: string, keepSession: string | null): Promise<boolean> {
    const rows = await revocations.runLocked<{ revocation: Revocation | null }>({ text: `SELECT FROM ${users} WHERE id = $1 FOR NO KEY UPDATE`, values: [userId] }, {
      text: `WITH raised AS (UPDATE ${users} SET token_epoch = token_epoch + 1, updated_at = now() WHERE id = $1 RETURNING id, token_epoch),
        kept AS (UPDATE ${sessions} s SET token_epoch = raised.token_epoch FROM raised
          WHERE s.id = $2 AND s.user_id = raised.id AND s.revoked_at IS NULL AND s.token_epoch = raised.token_epoch - 1 RETURNING s.id)
        ${revocations.insertSql("SELECT 'user', id::text, NULL::text, token_epoch, ARRAY(SELECT id FROM kept) FROM raised")}`,
      values: [userId, keepSession]
    })
    return rows.length > 0
  }

  return { list, end, endAll }
}
