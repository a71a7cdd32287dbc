import type { Tables } from '../database/client.ts'

// 2020-01-01: an `int` then lasts until 2088
const START = 1_577_836_800

/**
 * The next epoch, which was never used before. It counts seconds, so it is higher than any issued by a database that has since been
 * restored from a backup: tokens from the lost period must not be valid again.
 */
export const nextEpoch = (epoch: string) => `greatest(${epoch} + 1, floor(extract(epoch FROM now()))::int - ${START})`

/** Serializes statements that raise the same epoch. UPDATE also makes logins wait: their sessions then get the new epoch. */
export const lockUser = ({ users }: Pick<Tables, 'users'>, id: string, mode: 'UPDATE' | 'NO KEY UPDATE') =>
  ({ text: `SELECT FROM ${users} WHERE id = $1 FOR ${mode}`, values: [id] })

type Ending = Pick<Tables, 'sessions' | 'browser_sessions' | 'personal_access_tokens'>

/**
 * Parts of a WITH clause that give the epoch which `raised` set for a user to the sessions, browser sessions and personal access tokens `s`
 * that stay valid.
 * @param raised has the columns id, token_epoch and before
 */
export function keepSql (
  { sessions, browser_sessions: browsers, personal_access_tokens: personal }: Ending, raised: string, condition: string
): string {
  const keep = (table: string) => `UPDATE ${table} s SET token_epoch = ${raised}.token_epoch FROM ${raised}
    WHERE s.user_id = ${raised}.id AND s.revoked_at IS NULL AND s.token_epoch = ${raised}.before AND ${condition} RETURNING s.id`
  return `kept_sessions AS (${keep(sessions)}), kept_browsers AS (${keep(browsers)}), kept_personal AS (${keep(personal)}),
    kept AS (SELECT id FROM kept_sessions UNION ALL SELECT id FROM kept_browsers UNION ALL SELECT id FROM kept_personal)`
}

/** The revocation of what `raised` has ended, apart from what was kept. */
export const endedSql = (raised: string) => `SELECT 'user', id::text, NULL::text, token_epoch, ARRAY(SELECT id FROM kept) FROM ${raised}`
