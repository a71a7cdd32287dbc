import type { FastifyInstance } from 'fastify'
import type { PoolClient } from 'pg'
import { internals } from '../../plugins/internals.ts'
import type { Database } from '../database/client.ts'
import { quoteIdentifier } from '../database/connection.ts'
import { inTransaction } from '../database/transaction.ts'

/**
 * Lets time pass for the app, without waiting: its clock moves forward, and the rows of its database become older. Tokens, codes, sessions
 * and throttle windows expire as they would. Periodic jobs do not run in between, and guards of other apps keep their time.
 * @param seconds of any length
 * @throws TypeError for a number of seconds that is negative or not finite
 * @example
 * const headers = await actingAs(app, user.id)
 * await advanceTime(app, 3600)
 * await app.inject({ url: '/orders', headers }) // 401
 */
export async function advanceTime (app: FastifyInstance, seconds: number): Promise<void> {
  if (!Number.isFinite(seconds) || seconds < 0) throw new TypeError('seconds must be a number that is not negative')
  const { clock, database } = internals(app)
  await inTransaction(database.pool, (client) => ageRows(client, database, seconds))
  clock.advance(seconds * 1000)
}

type Column = { name: string, isArray: boolean }
type Table = { table: keyof Database['tables'], columns: Column[] }

/** All columns, so that a new one needs no entry here. */
async function ageRows (client: PoolClient, { tables, schema }: Database, seconds: number): Promise<void> {
  const { rows } = await client.query<Table>(
    `SELECT table_name AS table, json_agg(json_build_object('name', column_name, 'isArray', udt_name = '_timestamptz')) AS columns
    FROM information_schema.columns
    WHERE table_schema = $1 AND table_name = ANY ($2) AND udt_name IN ('timestamptz', '_timestamptz') GROUP BY table_name`,
    [schema, Object.keys(tables)]
  )
  for (const { table, columns } of rows) await client.query(`UPDATE ${tables[table]} SET ${columns.map(aged).join(', ')}`, [seconds])
  // Two times that are no timestamps
  await client.query(`UPDATE ${tables.rate_limits} SET expire = expire - round($1::numeric * 1000)`, [seconds])
  await client.query(
    `UPDATE ${tables.sessions} SET oidc = jsonb_set(oidc, '{authTime}', to_jsonb((oidc->>'authTime')::numeric - $1::numeric))
    WHERE oidc ? 'authTime'`,
    [seconds]
  )
}

function aged ({ name, isArray }: Column): string {
  const [column, less] = [quoteIdentifier(name), "- $1 * interval '1 second'"]
  return isArray
    ? `${column} = ARRAY(SELECT time ${less} FROM unnest(${column}) WITH ORDINALITY AS times (time, place) ORDER BY place)`
    : `${column} = ${column} ${less}`
}
