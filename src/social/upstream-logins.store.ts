import type { Database } from '../database/client.ts'
import type { StartedLogin, UpstreamLoginStore } from './upstream-logins.ts'

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
    }
  }
}
