import type { ClientBase, Pool } from 'pg'
import { quoteIdentifier } from '../database/connection.ts'
import type { SealedRow, SealedStore } from './sealed.ts'

export function createSealedStore (database: Pick<Pool | ClientBase, 'query'>, schema: string): SealedStore {
  const name = (table: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
  const query = database.query.bind(database) as Pool['query']

  const page: SealedStore['page'] = async ({ table, key, columns, where = 'true' }, after, limit) => {
    const row = [key, ...columns].map((column) => `'${column}', ${column}`).join(', ')
    const { rows } = await query<SealedRow>(
      `SELECT ${key}::text AS key, json_build_object(${row}) AS row, sealed FROM ${name(table)}
       WHERE ${where} AND ($1::text IS NULL OR ${key}::text > $1) ORDER BY ${key}::text LIMIT $2`,
      [after, limit]
    )
    return rows
  }

  const replace: SealedStore['replace'] = async ({ table, key }, id, from, to) => {
    const { rowCount } = await query(`UPDATE ${name(table)} SET sealed = $3 WHERE ${key}::text = $1 AND sealed = $2`, [id, from, to])
    return rowCount === 1
  }

  return { page, replace }
}
