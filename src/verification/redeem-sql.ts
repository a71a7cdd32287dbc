import type { Tables } from '../database/client.ts'

/** Columns of a one-time token `t`. */
export const tokenColumns = 't.hash, t.purpose, t.user_id AS "userId", t.attribute, t.value, t.payload'

/** Condition on a one-time token `t` of a user `u`. A token without an epoch survives a raised one. */
export const tokenValid =
  't.expires_at > now() AND u.disabled_at IS NULL AND (t.token_epoch IS NULL OR t.token_epoch = u.token_epoch)'

/**
 * A DELETE for a WITH clause that redeems a token, returning `user_id`, `attribute`, `value` and `payload`. Of two at once, one finds it.
 * @param hash parameter
 * @param purpose SQL
 * @param condition on the token `t` and its user `u`
 */
export function redeemSql ({ one_time_tokens: tokens, users }: Tables, hash: string, purpose: string, condition = 'true'): string {
  return `DELETE FROM ${tokens} t USING ${users} u WHERE t.hash = ${hash} AND t.purpose = ${purpose} AND u.id = t.user_id AND ${tokenValid}
    AND ${condition} RETURNING t.user_id, t.attribute, t.value, t.payload`
}

/** Locks the user of a token, which comes first in every transaction: what follows then sees what earlier ones have done. */
export function lockUserOfToken ({ one_time_tokens: tokens, users }: Tables, hash: Uint8Array): { text: string, values: [Uint8Array] } {
  return { text: `SELECT FROM ${users} u WHERE u.id = (SELECT user_id FROM ${tokens} WHERE hash = $1) FOR NO KEY UPDATE`, values: [hash] }
}
