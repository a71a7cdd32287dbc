import { PrismaPg } from '@prisma/adapter-pg'
import {
  ColumnTypeEnum, DriverAdapterError, type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory
} from '@prisma/driver-adapter-utils'
import { randomUUID } from 'node:crypto'
import pg, { type ClientBase, type Pool } from 'pg'
import { newPool } from './connect.ts'
import { quoteIdentifier, type DatabaseConnection } from './connection.ts'
import { ensureSchema } from './ensure-schema.ts'
import { sessionSettings } from './session.ts'
import { withClient } from './with-client.ts'

const OID_CHAR = 18
const OID_TIME = 1083

export interface MigrationDatabases {
  database: DatabaseConnection
  /** Used instead of a shadow database that is created and dropped. */
  shadow?: DatabaseConnection | undefined
}

export interface MigrationAdapters {
  factory: SqlMigrationAwareDriverAdapterFactory
  /** Closes all connections, since the engine closes only its shadow databases. */
  close (): Promise<void>
}

/** The adapters through which the migration engine reaches databases. */
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
      connect: async () => remember(await connectTo(database).catch(told)),
      connectToShadowDb: async () =>
        shadow === undefined ? await connectToNewShadow(database).catch(told) : remember(await connectTo(shadow).catch(told))
    },
    close: async () => { await Promise.all(opened.map(async (adapter) => await adapter.dispose())) }
  }
}

// For errors of other kinds than the adapter's, the engine displays only a number
function told (error: unknown): never {
  const message = error instanceof Error ? error.message : String(error)
  throw new DriverAdapterError({
    kind: 'postgres', code: '', severity: 'ERROR', message, detail: undefined, column: undefined, hint: undefined
  })
}

/**
 * The adapter refuses columns of type "char", which PostgreSQL's catalog has and the engine expects as characters. They pass the adapter as
 * times, a type in nothing that the engine reads; `adapterOn` converts them back.
 */
export function markChars (client: ClientBase): void {
  if (!(client instanceof pg.Client)) return
  client.connection.prependListener('rowDescription', ({ fields }: { fields: { dataTypeID: number }[] }) => {
    for (const field of fields) if (field.dataTypeID === OID_CHAR) field.dataTypeID = OID_TIME
  })
}

/** `@prisma/adapter-pg` as the engine needs it, on a pool whose clients were prepared by `markChars`. */
export async function adapterOn (pool: Pool, schema: string): Promise<SqlDriverAdapter> {
  const adapter = await new PrismaPg(pool, { schema, disposeExternalPool: true }).connect()
  const { queryRaw } = adapter
  adapter.queryRaw = async (query) => {
    const result = await queryRaw.call(adapter, query)
    const columnTypes = result.columnTypes.map((type) => type === ColumnTypeEnum.Time ? ColumnTypeEnum.Character : type)
    return { ...result, columnTypes }
  }
  // The adapter splits a script at each semicolon, even inside functions and strings. Sent as a whole, it is one transaction as well
  adapter.executeScript = async (sql) => { await adapter.executeRaw({ sql, args: [], argTypes: [] }) }
  return adapter
}

async function connectTo (database: DatabaseConnection): Promise<SqlDriverAdapter> {
  const { schema } = database
  await withClient(database, async (client) => { await ensureSchema(client, schema) })
  const onConnect = async (client: ClientBase) => {
    markChars(client)
    await client.query(sessionSettings({ schema }))
  }
  return await adapterOn(newPool(database, {}, onConnect).on('error', () => {}), schema)
}

// The adapter would drop its shadow database while connected to it, which fails
async function connectToNewShadow (main: DatabaseConnection): Promise<SqlDriverAdapter> {
  const database = `latchkey_shadow_${randomUUID()}`
  await withClient(main, async (client) => await client.query(`CREATE DATABASE ${quoteIdentifier(database)}`))
  const adapter = await connectTo({ ...main, options: { ...main.options, database } })
  const close = adapter.dispose.bind(adapter)
  adapter.dispose = async () => {
    await close()
    await withClient(main, async (client) => await client.query(`DROP DATABASE ${quoteIdentifier(database)} WITH (FORCE)`))
  }
  return adapter
}
