import type { Database } from '../database/client.ts'
import type { StartedLogin, UpstreamLoginStore } from './upstream-logins.ts'
import type { UsedProofStore } from './used-proofs.ts'

export function createUpstreamLoginStore ({ pool, tables: { one_time_tokens: tokens } }: Database): UpstreamLoginStore {
  return {
    async take (hash, provider, browser) {
      const { rows } = await pool.query<{ payload: StartedLogin }>({
        name: 'upstream-login-take',
        text: `DELETE FROM ${tokens} WHERE hash = $1 AND purpose = 'upstream' AND expires_at > now()
          AND payload->>'provider' = $2 AND payload->>'browser' = $3 RETURNING payload`,
        values: [hash, provider, browser]
      })
      return rows[0]?.payload ?? null
    },

    async addAnswer (hash, provider, answer) {
      await pool.query({
        name: 'upstream-login-answer',
        text: `UPDATE ${tokens} SET payload = payload || jsonb_build_object('answer', $3::text)
          WHERE hash = $1 AND purpose = 'upstream' AND expires_at > now() AND payload->>'provider' = $2 AND NOT payload ? 'answer'`,
        values: [hash, provider, answer]
      })
    }
  }
}

/** What was used stays until it has expired, by the purge of one-time tokens. */
export function createUsedProofStore ({ pool, tables: { one_time_tokens: tokens } }: Database): UsedProofStore {
  return {
    async use ({ hash, seconds }) {
      const { rowCount } = await pool.query({
        name: 'upstream-proof-use',
        text: `INSERT INTO ${tokens} (hash, purpose, expires_at) VALUES ($1, 'used', now() + $2 * interval '1 second') ON CONFLICT (hash) DO NOTHING`,
        values: [hash, seconds]
      })
      return rowCount === 1
    }
  }
}
