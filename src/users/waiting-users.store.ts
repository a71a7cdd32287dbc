import { v7 as uuidv7 } from 'uuid'
import type { Database } from '../database/client.ts'
import { inTransaction } from '../database/transaction.ts'
import type { NewUser, OwnUser, UserStore } from './ports.ts'
import { GRACE } from './deletion-sql.ts'
import { columnsOf } from './identifier-columns.ts'

type Row = { [Column in keyof OwnUser]: OwnUser[Column] | null } & Pick<Awaited<ReturnType<UserStore['findForLogin']>>, 'decoy'>

type Parts = {
  insertUser: (user: NewUser) => { name: string, text: string, values: unknown[] }
  /** Columns of a user `u`. */
  columns: string
  /** SQL: whether one of the attributes of a parameter is verified. */
  verifiedSql: (attributes: string) => string
}

/** Registrations that wait for the verification of an address, and logins that must not tell what became of them. */
export function createWaitingUsers (
  { pool, tables }: Database,
  { insertUser, columns, verifiedSql }: Parts
): Pick<UserStore, 'findForLogin' | 'createNobody' | 'freeRegistration' | 'hasRegistration'> {
  const { users, identifiers, identifier_holds: holds, auth_sessions: sessions, one_time_tokens: tokens } = tables
  // What is only left here comes last
  const loginSql = `SELECT ${columns}, ${verifiedSql('$3::text[]')} AS verified, i.decoy
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (attribute, value, position)
      JOIN ${identifiers} i USING (attribute, value) LEFT JOIN ${users} u ON u.id = i.user_id
    WHERE u.id IS NOT NULL OR i.decoy IS NOT NULL ORDER BY u.id IS NULL, w.position LIMIT 1`

  const findForLogin: UserStore['findForLogin'] = async (wanted, attributes) => {
    const [names, values] = columnsOf(wanted)
    const { rows } = await pool.query<Row>({ name: 'user-for-login', text: loginSql, values: [names, values, attributes] })
    const [row] = rows
    if (!row) return { user: null, decoy: null }
    const { decoy, ...user } = row
    return { user: user.id === null ? null : user as OwnUser, decoy }
  }

  // An address that belongs to somebody keeps what it has, apart from the first decoy
  const holdSql = `INSERT INTO ${identifiers} AS i (attribute, value, display, claimed_until, decoy)
    SELECT w.attribute, w.value, w.display, now() + CASE WHEN w.attribute = $4 THEN $5::float8 ELSE $6::float8 END * interval '1 second', $7::jsonb
    FROM unnest($1::text[], $2::text[], $3::text[]) AS w (attribute, value, display) ORDER BY w.attribute, w.value
    ON CONFLICT (attribute, value) DO UPDATE SET decoy = excluded.decoy WHERE i.attribute = $4 AND i.decoy IS NULL`

  const createNobody: UserStore['createNobody'] = async ({ identifiers: given, waiting, ...user }) => {
    if (!waiting) throw new TypeError('Only a registration that waits creates nobody')
    const none = given.map((identifier) => ({ ...identifier, value: uuidv7() }))
    await inTransaction(pool, async (client) => {
      await client.query('SAVEPOINT nobody')
      await client.query(insertUser({ ...user, identifiers: none, waiting }))
      await client.query('ROLLBACK TO nobody')
      const { address: { attribute }, claimedFor, heldFor, decoy } = waiting
      await client.query({
        name: 'user-hold', text: holdSql, values: [...columnsOf(given), attribute, heldFor, claimedFor, JSON.stringify(decoy)]
      })
      // Something is committed in any case, as it is with a user
      const text = `INSERT INTO ${holds} (hash, expires_at) VALUES (uuid_send($1::uuid), now() + interval '1 hour')`
      await client.query({ name: 'user-create-none', text, values: [uuidv7()] })
    })
  }

  // The same statements whether there is a user or not. The purge deletes the user; logins that wait go on as those of nobody
  const freeSql = `WITH mine AS (SELECT i.attribute, i.value FROM ${identifiers} i WHERE i.attribute = $3 AND i.value = $4 AND i.decoy->>'id' = $2
        AND ($1::uuid IS NULL OR (i.user_id = $1 AND i.verified_at IS NULL)) FOR UPDATE),
      cleared AS (UPDATE ${identifiers} i SET decoy = NULL FROM mine m WHERE i.attribute = m.attribute AND i.value = m.value AND $1::uuid IS NULL),
      freed AS (DELETE FROM ${identifiers} i USING mine m, unnest($5::text[], $6::text[]) AS w (attribute, value)
        WHERE i.attribute = w.attribute AND i.value = w.value AND i.decoy->>'id' = $2 AND i.verified_at IS NULL AND i.user_id IS NOT DISTINCT FROM $1
          AND ($1::uuid IS NOT NULL OR i.attribute <> m.attribute OR i.value <> m.value)),
      tokens_gone AS (DELETE FROM ${tokens} t USING mine WHERE t.user_id = $1),
      waiting AS (UPDATE ${sessions} a SET user_id = NULL, pending = a.pending || jsonb_build_object('address', $7::jsonb) FROM mine WHERE a.user_id = $1),
      gone AS (UPDATE ${users} u SET deletion_requested_at = now() - interval '${GRACE} seconds' FROM mine WHERE u.id = $1)
    SELECT FROM mine`

  const freeRegistration: UserStore['freeRegistration'] = async ({ id, userId, address, others }) => await inTransaction(pool, async (client) => {
    // First, as who verifies the address does
    await client.query(`SELECT FROM ${users} u WHERE u.id = $1 FOR NO KEY UPDATE`, [userId])
    const [names, values] = columnsOf([address, ...others])
    const freed = [userId, id, address.attribute, address.value, names, values, JSON.stringify(address)]
    return (await client.query({ name: 'registration-free', text: freeSql, values: freed })).rowCount === 1
  })

  const hasRegistration: UserStore['hasRegistration'] = async ({ id, address: { attribute, value } }) => {
    const text = `SELECT FROM ${identifiers} i WHERE i.attribute = $2 AND i.value = $3 AND i.decoy->>'id' = $1`
    return (await pool.query({ name: 'registration-find', text, values: [id, attribute, value] })).rowCount === 1
  }

  return { findForLogin, createNobody, freeRegistration, hasRegistration }
}
