import type { Database } from '../database/client.ts'
import type { PasswordHashes } from '../passwords/login-pace.ts'
import { inTransaction } from '../database/transaction.ts'

// Same as schemeOf in src/passwords/hashing.ts, and literally the expression of the index
const SCHEME = "left(regexp_replace(left(password_hash, 300), '[./A-Za-z0-9+]{10,}', '*', 'g'), 100)"

type Row = { id: string, hash: string }

export function createPasswordHashStore ({ pool, tables: { users } }: Database): PasswordHashes {
  /** Skips from one distinct index entry to the next: as many look-ups as there are schemes. */
  const next = (after: string) => `(SELECT ${SCHEME} FROM ${users} WHERE ${SCHEME} > ${after} ORDER BY ${SCHEME} LIMIT 1)`

  async function schemes (): Promise<string[]> {
    const { rows } = await pool.query<{ scheme: string }>({
      name: 'password-schemes',
      text: `WITH RECURSIVE found AS (SELECT ${next("''")} AS scheme UNION ALL SELECT ${next('found.scheme')} FROM found WHERE found.scheme IS NOT NULL)
        SELECT scheme FROM found WHERE scheme IS NOT NULL`
    })
    return rows.map(({ scheme }) => scheme)
  }

  /** Skips locked rows, which another process is hashing or changing; a later batch takes them. */
  async function replaceBcrypt (scheme: string, limit: number, change: (hash: string) => Promise<string>): Promise<number> {
    return await inTransaction(pool, async (client) => {
      const { rows } = await client.query<Row>(
        `SELECT id, password_hash AS hash FROM ${users} WHERE ${SCHEME} = $1 AND length(password_hash) = 60 LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`,
        [scheme, limit]
      )
      const hashes: string[] = []
      for (const { hash } of rows) hashes.push(await change(hash))
      const { rowCount } = await client.query(
        `UPDATE ${users} u SET password_hash = w.hash FROM unnest($1::uuid[], $2::text[]) AS w (id, hash) WHERE u.id = w.id AND u.password_hash <> w.hash`,
        [rows.map(({ id }) => id), hashes]
      )
      return rowCount ?? 0
    })
  }

  return { schemes, replaceBcrypt }
}
