import type { Database } from '../../database/client.ts'
import type { Consent } from './consent.ts'
import type { Consents, NewConsent } from './consent.ts'

export function createConsentStore ({ pool, tables }: Database): Consents {
  async function find (userId: string, clientId: string): Promise<Consent | null> {
    const { rows: [row] } = await pool.query<{ scopes: string[], resources: Consent['resources'] }>({
      name: 'consent',
      text: `SELECT scopes, resources FROM ${tables.consents} WHERE user_id = $1 AND client_id = $2`,
      values: [userId, clientId]
    })
    if (!row) return null
    const { scopes, resources } = row
    // A row created for other resource servers has no scopes for this server
    return { scopes: scopes.length > 0 || Object.keys(resources).length === 0 ? scopes : null, resources }
  }

  /** One statement, so that concurrent calls lose nothing. It waits for an in-flight change of the client and sees its result. */
  async function add ({ userId, client, scopes, resources }: NewConsent): Promise<boolean> {
    const here = resources.length === 0 ? scopes : []
    const elsewhere = Object.fromEntries(resources.map((resource) => [resource, scopes]))
    const { rowCount } = await pool.query({
      name: 'consent-add',
      text: `INSERT INTO ${tables.consents} AS c (user_id, client_id, scopes, resources)
        SELECT $1::uuid, k.id, $3::text[], $4::jsonb FROM (SELECT id FROM ${tables.clients} WHERE id = $2 AND name = $5 AND redirect_uris = $6::text[] FOR SHARE) k
        ON CONFLICT (user_id, client_id) DO UPDATE SET updated_at = now(), scopes = ARRAY(SELECT DISTINCT unnest(c.scopes || excluded.scopes)),
          resources = (SELECT coalesce(jsonb_object_agg(uri, list), '{}') FROM (
            SELECT uri, coalesce(jsonb_agg(DISTINCT scope) FILTER (WHERE scope IS NOT NULL), '[]') AS list
            FROM (SELECT * FROM jsonb_each(c.resources) UNION ALL SELECT * FROM jsonb_each(excluded.resources)) AS r (uri, granted)
              LEFT JOIN LATERAL jsonb_array_elements(granted) AS e (scope) ON true
            GROUP BY uri) AS merged)`,
      values: [userId, client.id, here, JSON.stringify(elsewhere), client.name, client.redirectUris]
    })
    return rowCount === 1
  }

  return { find, add }
}
