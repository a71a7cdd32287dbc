import type { Database } from '../database/client.ts'
import { inTransaction, type Transaction } from '../database/transaction.ts'
import type { OneTimeToken, OneTimeTokenStore } from './ports.ts'
import { tokenColumns, tokenValid } from './redeem-sql.ts'

export function createOneTimeTokenStore ({ pool, tables }: Database): OneTimeTokenStore {
  const { one_time_tokens: tokens, users } = tables

  // With the user locked, so that of two at once the later one replaces the earlier one
  const create: OneTimeTokenStore['create'] = async ({ hash, purpose, userId, identifier, payload, ttl, code }, also, transaction) => {
    const work = async (client: Transaction): Promise<boolean> => {
      await client.query(`SELECT FROM ${users} u WHERE u.id = $1 FOR NO KEY UPDATE`, [userId])
      const { rowCount } = await client.query(
        `WITH replaced AS (DELETE FROM ${tokens} WHERE user_id = $2 AND purpose = $3
            AND $3 <> 'undo' AND ($3 = 'reset' OR attribute IS NOT DISTINCT FROM $4))
          INSERT INTO ${tokens} (hash, purpose, user_id, attribute, value, payload, token_epoch, code_hmac, bound_to, code_expires_at, expires_at, created_at)
          SELECT $1::bytea, $3::text, u.id, $4::text, $5::text, $6::jsonb, CASE WHEN $3 <> 'undo' THEN u.token_epoch END, $7::bytea, $8::text,
            now() + $9 * interval '1 second', now() + $10 * interval '1 second', clock_timestamp()
          FROM (SELECT u.id, u.token_epoch FROM ${users} u WHERE u.id = $2 AND u.disabled_at IS NULL
            UNION ALL SELECT NULL, NULL WHERE $2::uuid IS NULL) AS u`,
        [
          hash, userId, purpose, identifier?.attribute, identifier?.value, JSON.stringify(payload),
          code?.hmac, code?.boundTo, code?.ttl, ttl
        ]
      )
      if (rowCount === 1) await also(client)
      return rowCount === 1
    }
    return await (transaction ? work(transaction) : inTransaction(pool, work))
  }

  // A token without a user is valid by its time alone
  const find: OneTimeTokenStore['find'] = async (hash, purposes) => {
    const { rows } = await pool.query<OneTimeToken>({
      name: 'one-time-token-find',
      text: `SELECT ${tokenColumns} FROM ${tokens} t LEFT JOIN ${users} u ON u.id = t.user_id
        WHERE t.hash = $1 AND t.purpose = ANY ($2::text[]) AND t.expires_at > now() AND (t.user_id IS NULL OR (${tokenValid}))`,
      values: [hash, purposes]
    })
    return rows[0] ?? null
  }

  const enterCode: OneTimeTokenStore['enterCode'] = async (purpose, attribute, boundTo, tries) => {
    const { rows } = await pool.query<OneTimeToken & { hmac: Uint8Array }>({
      name: 'one-time-code-enter',
      text: `UPDATE ${tokens} t SET tries = t.tries + 1 FROM ${users} u
        WHERE t.bound_to = $1 AND t.purpose = $2 AND t.attribute = $3 AND t.tries < $4 AND t.code_expires_at > now() AND u.id = t.user_id AND ${tokenValid}
        RETURNING ${tokenColumns}, t.code_hmac AS hmac`,
      values: [boundTo, purpose, attribute, tries]
    })
    const [row] = rows
    if (!row) return null
    const { hmac, ...token } = row
    return { token, hmac }
  }

  const list: OneTimeTokenStore['list'] = async (userId, purpose) => {
    const { rows } = await pool.query<OneTimeToken>({
      name: 'one-time-tokens-of-user',
      text: `SELECT ${tokenColumns} FROM ${tokens} t JOIN ${users} u ON u.id = t.user_id
        WHERE t.user_id = $1 AND t.purpose = $2 AND ${tokenValid} ORDER BY t.attribute`,
      values: [userId, purpose]
    })
    return rows
  }

  const cancel: OneTimeTokenStore['cancel'] = async (userId, purpose, attributes, transaction) => {
    await (transaction ?? pool).query(
      `DELETE FROM ${tokens} WHERE user_id = $1 AND purpose = $2 AND attribute = ANY ($3::text[])`, [userId, purpose, attributes]
    )
  }

  return { create, find, list, cancel, enterCode }
}
