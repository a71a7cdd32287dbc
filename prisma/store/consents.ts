import type { Database } from '../../src/database/client.ts'
import type { Consents } from '../../src/oauth/ports.ts'

export function createConsentStore ({ pool, tables }: Database): Consents {
  async function find (userId: string, clientId: string): Promise<string[] | null> {
    const { rows } = await pool.query<{ scopes: string[] }>({
      name: 'consent', text: `SELECT scopes FROM ${tables.consents} WHERE user_id = $1 AND client_id = $2`, values: [userId, clientId]
    })
    return rows[0]?.scopes ?? null
  }

  /** One statement: two at once lose nothing. */
  async function add (userId: string, clientId: string, scopes: string[]): Promise<void> {
    await pool.query({
      name: 'consent-add',
      text: `INSERT INTO ${tables.consents} AS c (user_id, client_id, scopes) VALUES ($1, $2, $3) ON CONFLICT (user_id, client_id)
        DO UPDATE SET scopes = ARRAY(SELECT DISTINCT unnest(c.scopes || excluded.scopes)), updated_at = now()`,
      values: [userId, clientId, scopes]
    })
  }

  return { find, add }
}
