import type { Database } from '../database/client.ts'
import type { AcceptedTerms } from './terms.ts'

/** @param version the one that is in force */
export function createAcceptedTerms ({ pool, tables: { users } }: Database, version: string): AcceptedTerms {
  return {
    async hasAccepted (userId) {
      const { rows } = await pool.query<{ accepted: boolean }>({
        name: 'terms-accepted', text: `SELECT terms_version IS NOT DISTINCT FROM $2 AS accepted FROM ${users} WHERE id = $1`, values: [userId, version]
      })
      return rows[0]?.accepted ?? true
    },
    async accept (userId) {
      await pool.query({
        name: 'terms-accept',
        text: `UPDATE ${users} SET terms_version = $2, terms_accepted_at = now(), updated_at = now()
          WHERE id = $1 AND disabled_at IS NULL AND terms_version IS DISTINCT FROM $2`,
        values: [userId, version]
      })
    }
  }
}
