import type { PoolClient } from 'pg'
import type { Database } from '../database/client.ts'
import { inTransaction, type Transaction } from '../database/transaction.ts'
import { lockUserOfToken, redeemSql } from '../verification/redeem-sql.ts'
import type { Identifier } from './attributes.ts'
import { mayLogIn } from './deletion-sql.ts'
import { columnsOf } from './identifier-columns.ts'
import type { IdentifierChange, ProfileChange, StoredIdentifier } from './identifier-change.ts'
import type { UserStore } from './ports.ts'

type Changed = Pick<UserStore, 'identifiers' | 'confirmChange'> & {
  changeProfile: (change: ProfileChange, also?: (transaction: Transaction, changes: IdentifierChange[]) => Promise<void>) =>
  Promise<'changed' | 'taken' | 'last' | 'required' | 'stale' | 'often' | 'profile'>
}

/** Why a transaction is undone. */
class Refused extends Error {
  constructor (readonly why: 'taken' | 'last' | 'required' | 'often' | 'profile') {
    super(why)
  }
}

const UNIQUE_VIOLATION = '23505'
/** Two users who exchange their identifiers wait for each other. */
const DEADLOCK = '40P01'

/**
 * How many values of one attribute a user may give up in 30 days, since nobody else gets them meanwhile, and how many of these changes can
 * be undone.
 */
const MAX_GIVEN_UP = 10

/**
 * Changes of identifiers. What a user gives up and is held stays as a row without a user, which names whose it was: nobody else gets it
 * for 30 days (src/maintenance/purge.store.ts), and the change can be undone.
 */
export function createIdentifierChanges ({ pool, tables }: Database): Changed {
  const { users, identifiers, one_time_tokens: tokens, identifier_holds: holds } = tables
  const stored = 'i.attribute, i.value, i.display, i.verified_at IS NOT NULL AS verified'

  const released = (user: string) => `user_id = NULL, released_from = ${user}, released_at = now(), claimed_until = NULL, decoy = NULL`

  const ofUser: Changed['identifiers'] = async (userId) => {
    const { rows } = await pool.query<StoredIdentifier>({
      name: 'identifiers-of-user', text: `SELECT ${stored} FROM ${identifiers} i WHERE i.user_id = $1 ORDER BY i.attribute`, values: [userId]
    })
    return rows
  }

  /** @throws Refused */
  async function giveUp (client: PoolClient, userId: string, attributes: string[], held: string[]): Promise<void> {
    const { rows } = await client.query(
      `SELECT FROM unnest($2::text[]) AS w (attribute) WHERE $3 <= greatest(
         (SELECT count(*) FROM ${identifiers} i WHERE i.released_from = $1 AND i.attribute = w.attribute),
         (SELECT count(*) FROM ${tokens} t WHERE t.user_id = $1 AND t.purpose = 'undo' AND t.attribute = w.attribute AND t.expires_at > now()))`,
      [userId, attributes, MAX_GIVEN_UP]
    )
    if (rows.length > 0) throw new Refused('often')
    await client.query(`UPDATE ${identifiers} SET ${released('$1')} WHERE user_id = $1 AND attribute = ANY ($2)`, [userId, held])
    await client.query(`DELETE FROM ${identifiers} WHERE user_id = $1 AND attribute = ANY ($2)`, [userId, attributes])
  }

  /** A value that the user has given up comes back. @throws Refused */
  async function write (client: PoolClient, userId: string, wanted: Identifier[]): Promise<void> {
    const { rowCount } = await client.query(
      `INSERT INTO ${identifiers} AS i (attribute, value, display, user_id)
         SELECT w.attribute, w.value, w.display, $1::uuid FROM unnest($2::text[], $3::text[], $4::text[]) AS w (attribute, value, display)
       ON CONFLICT (attribute, value) DO UPDATE SET display = excluded.display, user_id = $1, released_from = NULL, released_at = NULL,
         verified_at = CASE WHEN i.user_id = $1 THEN i.verified_at END, decoy = CASE WHEN i.user_id = $1 THEN i.decoy END
         WHERE coalesce(i.user_id, i.released_from) = $1`,
      [userId, ...columnsOf(wanted)]
    )
    if (rowCount !== wanted.length) throw new Refused('taken')
  }

  const changeProfile: Changed['changeProfile'] = async (
    { userId, passwordStamp, name, locale, profile: merge, identifiers: wanted, removed, isHeld, configured, required = [] },
    also = async () => {}
  ) => {
    const change = async (client: PoolClient): Promise<'changed' | 'stale'> => {
      // Later changes of the user wait here
      const { rows: [user] } = await client.query<{ profile: Record<string, unknown> }>(
        `SELECT u.profile FROM ${users} u WHERE u.id = $1 AND u.password_stamp = $2 AND ${mayLogIn} FOR NO KEY UPDATE`, [userId, passwordStamp]
      )
      if (!user) return 'stale'
      const profile = merge?.(user.profile)
      if (profile === null) throw new Refused('profile')
      const { rows } = await client.query<StoredIdentifier>(`SELECT ${stored} FROM ${identifiers} i WHERE i.user_id = $1`, [userId])
      const before = new Map(rows.map((row) => [row.attribute, row]))
      const changes = [
        ...wanted.map((after): IdentifierChange => ({ attribute: after.attribute, before: before.get(after.attribute) ?? null, after })),
        ...removed.map((attribute): IdentifierChange => ({ attribute, before: before.get(attribute) ?? null, after: null }))
      ].filter(({ before, after }) => before?.value !== after?.value)
      const given = changes.filter(({ before }) => before !== null)
      const held = given.filter(isHeld)
      if (given.length > 0) await giveUp(client, userId, namesOf(given), namesOf(held))
      if (wanted.length > 0) await write(client, userId, wanted)
      const left = rows.filter(({ attribute }) => !removed.includes(attribute)).map(({ attribute }) => attribute)
      const remain = [...left, ...wanted.map(({ attribute }) => attribute)]
      if (removed.length > 0 && !remain.some((attribute) => configured.includes(attribute))) throw new Refused('last')
      const isRequired = ({ attribute }: IdentifierChange) => required.includes(attribute) && removed.includes(attribute)
      if (changes.some(isRequired) && !remain.some((attribute) => required.includes(attribute))) throw new Refused('required')
      const isOther = changes.length > 0 || wanted.some(({ attribute, display }) => before.get(attribute)?.display !== display)
      await client.query(
        `UPDATE ${users} SET name = CASE WHEN $2 THEN $3 ELSE name END, locale = CASE WHEN $5 THEN $6 ELSE locale END, profile = coalesce($7::jsonb, profile), updated_at = now(),
           claims_changed_at = CASE WHEN $4 OR ($2 AND name IS DISTINCT FROM $3) OR ($5 AND locale IS DISTINCT FROM $6) THEN now() ELSE claims_changed_at END WHERE id = $1`,
        [userId, name !== undefined, name, isOther, locale !== undefined, locale, profile && JSON.stringify(profile)]
      )
      await also(client, changes)
      return 'changed'
    }
    try {
      return await inTransaction(pool, change)
    } catch (error) {
      if (error instanceof Refused) return error.why
      const { code } = error as { code?: unknown }
      if (code === UNIQUE_VIOLATION) return 'taken'
      if (code === DEADLOCK) return 'stale'
      throw error
    }
  }

  // The old value must still be the one that it was, and the new one free
  const confirmSql = `WITH redeemed AS (${redeemSql(tables, '$1', "'change'", `u.id = $2
        AND (SELECT i.value FROM ${identifiers} i WHERE i.user_id = u.id AND i.attribute = t.attribute) IS NOT DISTINCT FROM t.payload->>'before'
        AND NOT EXISTS (SELECT FROM ${identifiers} i WHERE i.attribute = t.attribute AND i.value = t.value AND i.released_from IS DISTINCT FROM u.id)
        AND NOT EXISTS (SELECT FROM ${holds} h WHERE h.hash = ANY ($3::bytea[]) AND h.expires_at > now())`)}),
      released AS (UPDATE ${identifiers} i SET ${released('r.user_id')}
        FROM redeemed r WHERE i.user_id = r.user_id AND i.attribute = r.attribute RETURNING ${stored}),
      written AS (INSERT INTO ${identifiers} AS i (attribute, value, display, user_id, verified_at)
        SELECT r.attribute, r.value, r.payload->>'display', r.user_id, now() FROM redeemed r LEFT JOIN released ON true
        ON CONFLICT (attribute, value) DO UPDATE SET display = excluded.display, user_id = excluded.user_id, verified_at = now(),
          released_from = NULL, released_at = NULL, decoy = NULL WHERE i.released_from = excluded.user_id
        RETURNING i.user_id, i.attribute, i.value, i.display),
      changed AS (UPDATE ${users} u SET updated_at = now(), claims_changed_at = now() FROM written w WHERE u.id = w.user_id)
    SELECT r.attribute, to_json(b) AS before, to_json(w) AS after FROM redeemed r LEFT JOIN written w ON true LEFT JOIN released b ON true`

  const confirmChange: Changed['confirmChange'] = async ({ hash, userId, holds: hashes }, also = async () => {}) => {
    const confirm = async (client: PoolClient): Promise<IdentifierChange | null> => {
      await client.query(lockUserOfToken(tables, hash))
      const { rows } = await client.query<IdentifierChange>({ name: 'identifier-change', text: confirmSql, values: [hash, userId, hashes] })
      const [change] = rows
      if (!change) return null
      if (!change.after) throw new Refused('taken')
      await also(client, change)
      return change
    }
    try {
      return await inTransaction(pool, confirm)
    } catch (error) {
      // Somebody else was quicker
      if (error instanceof Refused || (error as { code?: unknown }).code === UNIQUE_VIOLATION) return null
      throw error
    }
  }

  return { identifiers: ofUser, changeProfile, confirmChange }
}

const namesOf = (changes: IdentifierChange[]) => changes.map(({ attribute }) => attribute)
