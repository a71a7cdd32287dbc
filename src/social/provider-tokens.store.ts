import { validate as isUuid } from 'uuid'
import type { Database } from '../database/client.ts'
import type { KeptRow, ProviderTokenStore } from './provider-tokens.ts'

export function createProviderTokenStore ({ pool, tables }: Database): ProviderTokenStore {
  const { provider_tokens: tokens, social_accounts: accounts } = tables

  async function changes (name: string, text: string, { provider, subject, sealed }: KeptRow, value?: unknown): Promise<boolean> {
    const { rowCount } = await pool.query({ name, text, values: [provider, subject, sealed, ...(value === undefined ? [] : [value])] })
    return rowCount === 1
  }

  return {
    async find (userId, provider, subject) {
      if (!isUuid(userId)) return null
      const { rows } = await pool.query<KeptRow>({
        name: 'provider-tokens-find',
        text: `SELECT t.provider, t.subject, t.sealed FROM ${accounts} a JOIN ${tokens} t ON t.provider = a.provider AND t.subject = a.subject
          WHERE a.user_id = $1 AND a.provider = $2 AND ($3::text IS NULL OR a.subject = $3) ORDER BY a.last_used_at DESC, a.subject LIMIT 1`,
        values: [userId, provider, subject]
      })
      return rows[0] ?? null
    },

    // Waits for a statement that is removing the account, and then finds none
    insert: async (row, userId) => await changes(
      'provider-tokens-insert',
      `INSERT INTO ${tokens} (provider, subject, sealed) SELECT provider, subject, $3::bytea FROM ${accounts}
       WHERE provider = $1 AND subject = $2 AND user_id = $4 FOR KEY SHARE ON CONFLICT DO NOTHING`,
      row, userId
    ),

    replace: async (row, to) => await changes(
      'provider-tokens-replace', `UPDATE ${tokens} SET sealed = $4 WHERE provider = $1 AND subject = $2 AND sealed = $3`, row, to
    ),

    remove: async (row) => await changes(
      'provider-tokens-remove', `DELETE FROM ${tokens} WHERE provider = $1 AND subject = $2 AND sealed = $3`, row
    ),

    async claim ({ provider, subject, sealed }, seconds) {
      const { rows } = await pool.query<{ claim: string }>({
        name: 'provider-tokens-claim',
        text: `UPDATE ${tokens} SET refreshing_until = now() + $4 * interval '1 second'
          WHERE provider = $1 AND subject = $2 AND sealed = $3 AND coalesce(refreshing_until <= now(), true) RETURNING refreshing_until::text AS claim`,
        values: [provider, subject, sealed, seconds]
      })
      return rows[0]?.claim ?? null
    },

    async release ({ provider, subject }, claim) {
      await pool.query({
        name: 'provider-tokens-release',
        text: `UPDATE ${tokens} SET refreshing_until = NULL WHERE provider = $1 AND subject = $2 AND refreshing_until = $3::timestamptz`,
        values: [provider, subject, claim]
      })
    }
  }
}
