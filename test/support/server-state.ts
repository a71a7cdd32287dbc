import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { internals, type Latchkey } from '../../plugins/internals.ts'

/** What a server was like when it was new. */
export type ServerState = {
  /** The functions of its parts, by the object that has them. */
  functions: Map<object, Map<string, unknown>>
  tables: string[]
  /** The first transaction after it had started. */
  since: string
  /** How many rows each table had, and what was last changed in the schema. */
  content: string
  /** Ends what tests have subscribed to. */
  unsubscribe: () => void
}

/** Written by feeds and migrations, never by a request. */
const LEFT_ALONE = ['feed_pulse', '_prisma_migrations']
/** Where a change of the schema shows. */
const CATALOGS = ['pg_class', 'pg_attrdef', 'pg_constraint', 'pg_proc', 'pg_trigger', 'pg_db_role_setting']

/** To be called before a test uses the server. */
export async function stateOf (app: FastifyInstance): Promise<ServerState> {
  const { pool } = internals(app).database
  const { rows } = await pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> ALL ($1)", [LEFT_ALONE]
  )
  const tables = rows.map(({ name }) => name)
  const { rows: [now] } = await pool.query<{ since: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS since')
  const unsubscribe = subscriptionsOf(app)
  return { functions: functionsOf(app), tables, since: now!.since, content: await contentOf(pool, tables), unsubscribe }
}

/** Deletes what was written since. @returns whether the server is as new; it should be closed when not */
export async function makeAsNew (app: FastifyInstance, { functions, tables, since, content, unsubscribe }: ServerState): Promise<boolean> {
  unsubscribe()
  if (app.server.listening || internals(app).clock.ahead() !== 0 || !areUnchanged(functions)) return false
  const { account, clients, database: { pool } } = internals(app)
  // Writes the events that are still queued, so that the next test does not get them
  await account.history.list(randomUUID(), { before: null, limit: 1 })
  const statements = tables.map((table) =>
    `DELETE FROM "${table}" AS old WHERE xmin::text::bigint >= ${since} RETURNING to_jsonb(old)->>'id' AS id`)
  // Without triggers, in any order: all that refers to a deleted row is deleted, too
  const results = await pool.query(['BEGIN', 'SET LOCAL session_replication_role = replica', ...statements, 'COMMIT'].join('; ')) as unknown
  for (const { id } of (results as pg.QueryResult<{ id: string }>[])[2 + tables.indexOf('clients')]!.rows) clients.forget(id)
  return await contentOf(pool, tables) === content
}

async function contentOf (pool: pg.Pool, tables: string[]): Promise<string> {
  const parts = [
    ...tables.map((table) => `(SELECT count(*)::text FROM "${table}")`),
    ...CATALOGS.map((catalog) => `(SELECT count(*) || ' ' || max(xmin::text::bigint) FROM ${catalog})`)
  ]
  return JSON.stringify((await pool.query(`SELECT ARRAY[${parts.join(', ')}] AS content`)).rows)
}

function subscriptionsOf (app: FastifyInstance): () => void {
  const ends: (() => void)[] = []
  const { events } = internals(app)
  const { on } = events
  events.on = app.latchkey.on = ((...args: Parameters<Latchkey['on']>) => {
    const end = on(...args)
    ends.push(end)
    return end
  }) as Latchkey['on']
  return () => { for (const end of ends.splice(0)) end() }
}

/** All that a test can replace by another function. */
function functionsOf (app: FastifyInstance): ServerState['functions'] {
  const found: ServerState['functions'] = new Map()
  function visit (part: unknown): void {
    if (typeof part !== 'object' || part === null || found.has(part)) return
    const entries = Object.entries(part)
    found.set(part, new Map(entries.filter(([, value]) => typeof value === 'function')))
    if (Object.getPrototypeOf(part) === Object.prototype) for (const [, value] of entries) visit(value)
  }
  for (const part of [internals(app), app.latchkey, app.log]) visit(part)
  return found
}

function areUnchanged (functions: ServerState['functions']): boolean {
  for (const [part, known] of functions) {
    const now = Object.entries(part).filter(([, value]) => typeof value === 'function')
    // What was replaced and put back can have become the object's own
    const inherited = Object.getPrototypeOf(part) as Record<string, unknown> | null
    if (![...known].every(([name, value]) => (part as Record<string, unknown>)[name] === value)) return false
    if (!now.every(([name, value]) => known.get(name) === value || inherited?.[name] === value)) return false
  }
  return true
}
