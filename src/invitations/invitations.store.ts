import type { Database } from '../database/client.ts'
import type { InvitationStore, PendingInvitation } from './ports.ts'

/** Invitations are one-time tokens without a user; the statement that creates the user redeems them. */
export function createInvitationStore ({ pool, tables: { one_time_tokens: tokens } }: Database): InvitationStore {
  const withdraw: InvitationStore['withdraw'] = async ({ attribute, value }, except, transaction) => {
    const { rowCount } = await (transaction ?? pool).query(
      `DELETE FROM ${tokens} t WHERE t.user_id IS NULL AND t.purpose = 'invite' AND t.attribute = $1 AND t.value = $2
        AND t.hash IS DISTINCT FROM $3::bytea`,
      [attribute, value, except]
    )
    return rowCount ?? 0
  }

  const find: InvitationStore['find'] = async ({ attribute, value }) => {
    const { rows } = await pool.query<{ hash: Uint8Array }>(
      `SELECT t.hash FROM ${tokens} t WHERE t.user_id IS NULL AND t.purpose = 'invite' AND t.attribute = $1 AND t.value = $2 AND t.expires_at > now() LIMIT 1`,
      [attribute, value]
    )
    return rows[0]?.hash ?? null
  }

  const list: InvitationStore['list'] = async (limit) => {
    const { rows } = await pool.query<PendingInvitation>(
      `SELECT coalesce(t.payload->>'display', t.value) AS display, t.created_at AS "createdAt", t.expires_at AS "expiresAt" FROM ${tokens} t
        WHERE t.user_id IS NULL AND t.purpose = 'invite' AND t.expires_at > now() ORDER BY t.created_at DESC, t.hash LIMIT $1`,
      [limit]
    )
    return rows
  }

  return { withdraw, find, list }
}
