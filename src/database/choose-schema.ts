import type { Client } from 'pg'
import { DEFAULT_SCHEMA, OWN_SCHEMA, parseDatabaseUrl } from './connection.ts'
import { withClient } from './with-client.ts'

export type ChosenSchema = {
  /** The URL with `?schema=`, so that everything that connects with it uses the same schema. */
  url: string
  schema: string
  /** The URL names the schema, the tables exist there, or there are none yet. */
  because: 'named' | 'standing' | 'new'
  /** Another schema that contains our tables and is not used. */
  unused: string | null
}

/** The comment on the migrations table where a URL without `?schema=` created the tables: such a URL leads to this schema from then on. */
export const BY_DEFAULT = 'Latchkey: made without ?schema= in the database URL'

/** Tables and columns that no other application has together, since a host has its own `users`, `clients` and `sessions`. */
const OURS = ['signing_keys.sealed', 'revocations.xid', 'sessions.secret_hash', 'identifiers.attribute']

/**
 * Where our tables are, or will be created. A schema in the URL is the operator's decision, and tables that exist in `public` stay there.
 * New tables get a schema of their own, which leaves `public` to an application installed before or after: its `prisma migrate dev` would
 * take our tables for drift and offer to drop them. This includes an empty database, so that the result does not depend on who comes first.
 * @param otherwise where new tables go
 */
export async function chooseSchema (url: string, otherwise: string = OWN_SCHEMA): Promise<ChosenSchema> {
  const database = parseDatabaseUrl(url)
  if (database.named) return { url, schema: database.schema, because: 'named', unused: null }
  const [first, second] = await withClient(database, standing)
  if (first && second && first.trusted === second.trusted && first.owner !== second.owner) {
    throw new Error(
      `tables of Latchkey are in the schemas "${first.schema}" and "${second.schema}", and have different owners: choose yours with ?schema=${first.schema} or ?schema=${second.schema} in the database URL`
    )
  }
  const schema = first?.schema ?? otherwise
  return { url: withSchema(url, schema), schema, because: first ? 'standing' : 'new', unused: second?.schema ?? null }
}

export function withSchema (url: string, schema: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}schema=${encodeURIComponent(schema)}`
}

type Standing = { schema: string, owner: number, trusted: boolean }

/**
 * Reads only the catalog, which every role may read, whereas a host's own migrations table may be closed to our role. Another role that may
 * create a schema must not lead us to its tables: tables of our role, of a role that it is a member of, or of the owner of the database
 * have precedence.
 * @returns the schemas with our tables, first the one that a URL without a schema means
 */
async function standing (client: Client): Promise<Standing[]> {
  const { rows } = await client.query<Standing>(
    `SELECT n.nspname AS schema, min(c.relowner::bigint)::float8 AS owner,
       bool_and(pg_has_role(current_user, c.relowner, 'MEMBER') OR c.relowner = (SELECT datdba FROM pg_catalog.pg_database WHERE datname = current_database())) AS trusted
     FROM pg_catalog.pg_namespace n
       JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
       JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
     WHERE n.nspname IN ($1, $2) AND c.relname || '.' || a.attname = ANY ($3)
     GROUP BY n.oid, n.nspname HAVING count(*) = $4
     ORDER BY trusted DESC, n.nspname = $2 AND EXISTS (SELECT FROM pg_catalog.pg_class h JOIN pg_catalog.pg_description d ON d.objoid = h.oid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
       WHERE h.relnamespace = n.oid AND h.relname = '_prisma_migrations' AND d.description = $5) DESC, n.nspname = $1 DESC`,
    [DEFAULT_SCHEMA, OWN_SCHEMA, OURS, OURS.length, BY_DEFAULT]
  )
  return rows
}
