import type { Database } from '../database/client.ts'
import type { StoredUser } from '../account/export.ts'

/** What the users table holds of a user, without the password and our own counters. */
export function createReadUser ({ pool, tables }: Database): (id: string) => Promise<StoredUser | null> {
  return async (id) => {
    const { rows } = await pool.query<StoredUser>({
      name: 'user-export',
      text: `SELECT id, name, profile, locale, terms_version, terms_accepted_at, deletion_requested_at, created_at, updated_at,
          ARRAY(SELECT json_build_object('attribute', i.attribute, 'value', i.display, 'verified_at', i.verified_at)
            FROM ${tables.identifiers} i WHERE i.user_id = u.id ORDER BY i.attribute) AS identifiers
        FROM ${tables.users} u WHERE u.id = $1`,
      values: [id]
    })
    return rows[0] ?? null
  }
}
