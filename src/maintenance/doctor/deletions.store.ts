import type { Client } from 'pg'
import { quoteIdentifier } from '../../database/connection.ts'
import { isDue, isLeaving } from '../../users/deletion-sql.ts'
import type { DeletionFacts, Reference } from './deletions.ts'

type ForeignKey = Pick<Reference, 'table' | 'constraint'> & { column: string }

const LATE = "interval '1 day'"
const MOST = 100

/** Reads who waits for the deletion of their account, and what of the host refers to them. */
export function createReadDeletions (client: Client, schema: string): () => Promise<DeletionFacts> {
  const users = `${quoteIdentifier(schema)}.users`

  /** Foreign keys on the id of users whose rows neither go with the user nor let go of them. */
  async function restricting (): Promise<ForeignKey[]> {
    const { rows } = await client.query<ForeignKey>(
      `SELECT c.conrelid::regclass::text AS "table", c.conname AS "constraint", quote_ident(a.attname) AS "column"
      FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
      WHERE c.contype = 'f' AND c.confrelid = to_regclass($1) AND c.confdeltype IN ('a', 'r') AND cardinality(c.conkey) = 1 ORDER BY 1, 2`,
      [users]
    )
    return rows
  }

  async function referring ({ table, constraint, column }: ForeignKey): Promise<Reference> {
    const { rows } = await client.query<{ id: string }>(
      `SELECT u.id FROM ${users} u WHERE ${isLeaving} AND EXISTS (SELECT FROM ${table} r WHERE r.${column} = u.id) ORDER BY u.id LIMIT ${MOST}`
    )
    return { table, constraint, userIds: rows.map(({ id }) => id) }
  }

  return async () => {
    const { rows: [counts] } = await client.query<Omit<DeletionFacts, 'references'>>(
      `SELECT count(*)::int AS waiting,
        coalesce(array_agg(u.id::text ORDER BY u.id) FILTER (WHERE ${isDue} - ${LATE}), '{}') AS overdue
      FROM ${users} u WHERE ${isLeaving}`
    )
    const references: Reference[] = []
    for (const key of counts!.waiting === 0 ? [] : await restricting()) references.push(await referring(key))
    return { ...counts!, references: references.filter(({ userIds }) => userIds.length > 0) }
  }
}
