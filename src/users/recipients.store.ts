import type { Database } from '../database/client.ts'
import type { Recipient, UserStore } from './ports.ts'

export function createRecipients ({ pool, tables }: Database): Pick<UserStore, 'recipient'> {
  const { users, identifiers } = tables

  const recipient: UserStore['recipient'] = async ({ of, attributes, unverified = false }) => {
    const given = 'userId' in of ? [] : of.identifiers
    const { rows } = await pool.query<Recipient>({
      name: 'user-recipient',
      text: `WITH found AS (SELECT $1::uuid AS id WHERE $1::uuid IS NOT NULL UNION ALL
          (SELECT i.user_id FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS w (attribute, value, position)
            JOIN ${identifiers} i USING (attribute, value) WHERE i.user_id IS NOT NULL ORDER BY w.position LIMIT 1))
        SELECT u.id AS "userId", u.name, u.locale, i.attribute, i.value, i.display, i.verified_at IS NOT NULL AS verified
        FROM found f JOIN ${users} u ON u.id = f.id AND u.disabled_at IS NULL
          JOIN ${identifiers} i ON i.user_id = u.id AND i.attribute = ANY ($4::text[]) AND (i.verified_at IS NULL OR NOT $5)
        ORDER BY i.verified_at IS NULL, i.value = ANY ($3::text[]) DESC, array_position($4::text[], i.attribute) LIMIT 1`,
      values: [
        'userId' in of ? of.userId : null, given.map(({ attribute }) => attribute), given.map(({ value }) => value), attributes, unverified
      ]
    })
    return rows[0] ?? null
  }

  return { recipient }
}
