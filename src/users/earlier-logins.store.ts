import type { Database } from '../database/client.ts'
import type { EarlierLogins, EarlierLoginStore } from './new-device.ts'

// Bounds the work for a user who logs in very often
const MANY = 200

export function createEarlierLoginStore ({ pool, tables }: Database): EarlierLoginStore {
  // The audit log has logins whose session is gone; the sessions have those that are older than AUDIT_RETENTION
  const text = `WITH earlier AS (
      (SELECT ip, user_agent, type = 'login.succeeded' AS is_login FROM ${tables.audit_events}
        WHERE user_id = $1 AND type IN ('login.succeeded', 'user.registered') ORDER BY created_at DESC LIMIT ${MANY})
      UNION ALL (SELECT ip, user_agent, true FROM ${tables.sessions} WHERE user_id = $1 LIMIT ${MANY})
      UNION ALL (SELECT ip, user_agent, true FROM ${tables.browser_sessions} WHERE user_id = $1 LIMIT ${MANY}))
    SELECT NOT EXISTS (SELECT FROM earlier WHERE is_login) AND u.created_at > now() - interval '30 days' AS "isFirst",
      ARRAY(SELECT DISTINCT ip FROM earlier WHERE user_agent IS NOT DISTINCT FROM $2 AND ip IS NOT NULL) AS addresses
    FROM ${tables.users} u WHERE u.id = $1`

  return {
    async earlierLogins (userId, userAgent) {
      const { rows } = await pool.query<EarlierLogins>({ name: 'earlier-logins', text, values: [userId, userAgent] })
      return rows[0] ?? { isFirst: true, addresses: [] }
    }
  }
}
