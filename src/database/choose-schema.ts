import type { Client } from 'pg'
import { DEFAULT_SCHEMA, OWN_SCHEMA, parseDatabaseUrl } from './connection.ts'
import { withClient } from './with-client.ts'

export type ChosenSchema = {
  /** The URL with `?schema=`: whoever connects by it looks into the same place. */
  url: string
  schema: string
  /** The URL names it, the tables stand there, or there are none yet. */
  because: 'named' | 'standing' | 'new'
  /** Where others of our tables stand, which are not used. */
  unused: string | null
}

/** Written on the table of migrations where a URL without `?schema=` made our tables: such a URL leads there ever after. */
export const BY_DEFAULT = 'Latchkey: made without ?schema= in the database URL'

/** Tables and columns that no other application has together; a host has its own `users`, `clients` and `sessions`. */
const OURS = ['signing_keys.sealed', 'revocations.xid', 'sessions.secret_hash', 'identifiers.attribute']

/**
 * Where our tables are, or shall be. A schema that the URL names is the operator's word; tables that stand in `public` stay there; new ones
 * get a schema of their own, and leave `public` to an application that comes before us or after: its `prisma migrate dev` would
 * take ours for drift and offer to drop them. That holds for an empty database, too, so that nothing depends on who comes first.
 * @param otherwise where new tables go
 */
export async function chooseSchema (url: string, otherwise: string = OWN_SCHEMA): Promise<ChosenSchema> {
  const database = parseDatabaseUrl(url)
  if (database.named) return { url, schema: database.schema, because: 'named', unused: null }
  const [first, second] = await withClient(database, standing)
  if (first && second && first.trusted === second.trusted && first.owner !== second.owner) {
    throw new Error(
      `tables of Latchkey stand in the schemas "${first.schema}" and "${second.schema}", and have different owners: say which are yours with ?schema=${first.schema} or ?schema=${second.schema} in the database URL`
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
 * From the catalog alone, which every role may read: a host's own table of migrations may be closed to ours. Another role that may make a
 * schema must not lead us to tables of its own: those of our role, of one that it is a member of, or of the owner of the database go before
 * them.
 * @returns what a URL without a schema means first
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
    [DEFAULT_SCHEMA, OWN_SCHEMA, OURS, OURS.length, BY_DEFAULT])
  return rows
}
