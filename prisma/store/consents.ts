import type { Database } from '../../src/database/client.ts'
import type { Consents } from '../../src/oauth/ports.ts'

export function createConsentStore ({ prisma, pool, tables }: Database): Consents {
  async function find (userId: string, clientId: string): Promise<string[] | null> {
    const consent = await prisma.consent.findUnique({ where: { userId_clientId: { userId, clientId } }, select: { scopes: true } })
    return consent?.scopes ?? null
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
