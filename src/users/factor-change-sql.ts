import type { Database } from '../database/client.ts'
import { amrOf } from '../sessions/session-sql.ts'
import { mayLogIn } from './deletion-sql.ts'
import { nextEpoch } from './epoch-sql.ts'

type Revocations = { insertSql: (rows: string) => string }

/** SQL for statements that add or remove a second factor or a passkey. */
export function createFactorChange (tables: Database['tables'], revocations: Revocations) {
  const { recovery_codes: codes, remembered_browsers: remembered, users, sessions, browser_sessions: browsers } = tables
  /** $1: the user, $2: the epoch of their session. */
  const isOwner = `u.id = $1 AND u.token_epoch = $2 AND ${mayLogIn}`

  /**
   * What follows from a change of factors, of a user in `done`: in-flight logins are refused, and every session but $3 ends.
   * @param has SQL on the user `u`: whether there is a factor now
   * @param proves whether that session has just proven it
   */
  const raisedBy = (has: string, proves: boolean) => {
    const amr = `ARRAY(SELECT method FROM unnest(${amrOf('s')} || '{otp,mfa}'::text[]) WITH ORDINALITY AS w (method, position) GROUP BY method ORDER BY min(position))`
    const keep = (table: string) => `UPDATE ${table} s SET token_epoch = c.token_epoch${proves ? `, amr = ${amr}` : ''} FROM changed c
      WHERE s.user_id = c.id AND s.id = $3::uuid AND s.revoked_at IS NULL AND s.token_epoch = c.before RETURNING s.id`
    return `changed AS (UPDATE ${users} u SET second_factor = ${has}, password_stamp = u.password_stamp + 1, token_epoch = ${nextEpoch('u.token_epoch')}, updated_at = now()
        FROM ${users} o WHERE u.id = o.id AND u.id IN (SELECT user_id FROM done) RETURNING u.id, u.second_factor, u.token_epoch, o.token_epoch AS before),
      kept_sessions AS (${keep(sessions)}), kept_browsers AS (${keep(browsers)}),
      forgotten AS (DELETE FROM ${remembered} m USING changed c WHERE m.user_id = c.id),
      codes_gone AS (DELETE FROM ${codes} r USING changed c WHERE r.user_id = c.id AND NOT c.second_factor),
      listed AS (${revocations.insertSql("SELECT 'user', id::text, NULL::text, token_epoch, ARRAY(SELECT id FROM kept_sessions UNION ALL SELECT id FROM kept_browsers) FROM changed")})
    SELECT d.kind, l.revocation FROM done d LEFT JOIN listed l ON true`
  }

  return { isOwner, raisedBy }
}
