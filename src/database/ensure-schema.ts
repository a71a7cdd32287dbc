import type { ClientBase } from 'pg'
import { quoteIdentifier } from './connection.ts'

type Facts = { role: string, database: string, there: boolean, mayCreateSchema: boolean, mayCreateTables: boolean | null }

/**
 * Checks for the schema first: `IF NOT EXISTS` requires the right to create it even when it exists.
 * @param forTables tables will be created in it
 * @throws Error that says what to grant
 */
export async function ensureSchema (client: Pick<ClientBase, 'query'>, schema: string, { forTables = false } = {}): Promise<void> {
  const { rows: [facts] } = await client.query<Facts>(
    `SELECT current_user AS role, current_database() AS database, n.oid IS NOT NULL AS there, has_database_privilege(current_database(), 'CREATE') AS "mayCreateSchema",
       has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') AS "mayCreateTables"
     FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1`,
    [schema]
  )
  const { role, database, there, mayCreateSchema, mayCreateTables } = facts!
  const [name, to] = [quoteIdentifier(schema), quoteIdentifier(role)]
  if (there) {
    if (forTables && !mayCreateTables) {
      throw new Error(
        `the role ${to} may not make tables in the schema ${name}: GRANT USAGE, CREATE ON SCHEMA ${name} TO ${to}, or ${whereItMay(schema)}`
      )
    }
    return
  }
  if (!mayCreateSchema) {
    throw new Error(
      `the role ${to} may not make the schema ${name}: GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${to}, or CREATE SCHEMA ${name} AUTHORIZATION ${to}, or ${whereItMay(schema)}`
    )
  }
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}`)
}

/** An alternative for a role that lacks a right. */
function whereItMay (schema: string): string {
  return `name a schema where it may, such as ?schema=${schema === 'public' ? 'latchkey' : 'public'} in the database URL`
}
