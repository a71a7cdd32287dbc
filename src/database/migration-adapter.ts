import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum, type SqlDriverAdapter, type SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { randomUUID } from 'node:crypto'
import pg, { type ClientBase, type Pool } from 'pg'
import { quoteIdentifier, sessionSettings, type DatabaseConnection } from './connection.ts'

const OID_CHAR = 18
const OID_TIME = 1083

export interface MigrationDatabases {
  database: DatabaseConnection
  /** In place of one that is made and dropped. */
  shadow?: DatabaseConnection | undefined
}

export interface MigrationAdapters {
  factory: SqlMigrationAwareDriverAdapterFactory
  /** The engine closes its shadow databases, not its other connections. */
  close (): Promise<void>
}

/** What the migration engine reaches databases by. */
export function migrationAdapters ({ database, shadow }: MigrationDatabases): MigrationAdapters {
  const opened: SqlDriverAdapter[] = []
  const remember = (adapter: SqlDriverAdapter) => {
    opened.push(adapter)
    return adapter
  }
  return {
    factory: {
      provider: 'postgres',
      adapterName: '@prisma/adapter-pg',
      connect: async () => remember(await connectTo(database)),
      connectToShadowDb: async () => shadow === undefined ? await connectToNewShadow(database) : remember(await connectTo(shadow))
    },
    close: async () => { await Promise.all(opened.map(async (adapter) => await adapter.dispose())) }
  }
}

/**
 * The adapter refuses columns of type "char", which the catalogue of PostgreSQL has and the engine wants as characters.
 * So they go through the adapter as times, a type that nothing the engine reads has; `adapterOn` turns them back.
 */
export function markChars (client: ClientBase): void {
  if (!(client instanceof pg.Client)) return
  client.connection.prependListener('rowDescription', ({ fields }: { fields: { dataTypeID: number }[] }) => {
    for (const field of fields) if (field.dataTypeID === OID_CHAR) field.dataTypeID = OID_TIME
  })
}

/** `@prisma/adapter-pg` as the engine needs it, on a pool whose clients have gone through `markChars`. */
export async function adapterOn (pool: Pool, schema: string): Promise<SqlDriverAdapter> {
  const adapter = await new PrismaPg(pool, { schema, disposeExternalPool: true }).connect()
  const { queryRaw } = adapter
  adapter.queryRaw = async (query) => {
    const result = await queryRaw.call(adapter, query)
    const columnTypes = result.columnTypes.map((type) => type === ColumnTypeEnum.Time ? ColumnTypeEnum.Character : type)
    return { ...result, columnTypes }
  }
  // The adapter cuts a script at each semicolon, also inside functions and strings. Sent whole, it is one transaction too.
  adapter.executeScript = async (sql) => { await adapter.executeRaw({ sql, args: [], argTypes: [] }) }
  return adapter
}

async function connectTo ({ options, schema }: DatabaseConnection): Promise<SqlDriverAdapter> {
  const onConnect = async (client: ClientBase) => {
    markChars(client)
    await client.query(sessionSettings(schema))
  }
  const pool = new pg.Pool({ ...options, onConnect }).on('error', () => {})
  await ensureSchema(pool, schema)
  return await adapterOn(pool, schema)
}

// The adapter drops its shadow database while still connected to it, which fails.
async function connectToNewShadow ({ options, schema }: DatabaseConnection): Promise<SqlDriverAdapter> {
  const database = `latchkey_shadow_${randomUUID()}`
  await onceConnected(options, `CREATE DATABASE ${quoteIdentifier(database)}`)
  const adapter = await connectTo({ options: { ...options, database }, schema })
  const close = adapter.dispose.bind(adapter)
  adapter.dispose = async () => {
    await close()
    await onceConnected(options, `DROP DATABASE ${quoteIdentifier(database)} WITH (FORCE)`)
  }
  return adapter
}

/** Asks first: `IF NOT EXISTS` alone needs the right to create even when there is nothing to do. */
export async function ensureSchema (client: Pick<ClientBase, 'query'>, schema: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
  if (rowCount === 0) await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`)
}

async function onceConnected (options: pg.ClientConfig, sql: string): Promise<void> {
  const client = new pg.Client(options)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
