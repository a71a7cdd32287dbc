import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { withSchema } from './choose-schema.ts'
import { parseDatabaseUrl, quoteIdentifier } from './connection.ts'
import { startEmbedded } from './embedded.ts'
import { serveEngine, type OpenEngine } from './engine-rpc.ts'
import { migrationAdapters } from './migration-adapter.ts'
import { createSchemaEngine, engineVersion } from './schema-engine.ts'
import { withClient } from './with-client.ts'

/** The host in the URL that prisma.config.ts creates without DATABASE_URL; `dataDir` is its parameter. */
const EMBEDDED_HOST = 'embedded'
const MAINTENANCE_DATABASE = 'postgres'
// The CLI acts on some of Prisma's codes: it creates a database that does not exist
const PRISMA_CODES = new Map([
  ['3D000', 'P1003'], ['28P01', 'P1000'], ['28000', 'P1010'], ['ECONNREFUSED', 'P1001'], ['ENOTFOUND', 'P1001'], ['ENOENT', 'P1001']
])

interface Datasource {
  url: string
  shadowDatabaseUrl: string | undefined
}

/** The program behind `prisma/schema-engine.js`, which the Prisma CLI takes for its engine binary. */
export async function engineCommand (args: string[]): Promise<void> {
  const { values, positionals: [, command] } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    options: { datamodels: { type: 'string', multiple: true }, datasource: { type: 'string' }, version: { type: 'boolean' } }
  })
  if (values.version === true) return await printVersion()
  const datasource = readDatasource(String(values.datasource))
  if (command === 'can-connect-to-database') return await checkConnection(datasource.url)
  if (command === 'create-database') return await createDatabase(datasource.url)
  if (command !== undefined) throw new Error(`the migration engine has no command ${command}`)
  await serve(datasource, (values.datamodels ?? []).map(String))
}

/** The lines on stderr from which the CLI reads an error; it skips the first one. */
export function engineFailure (error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const fields = { message, error_code: prismaCode(error) }
  return `${message}\n${JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields })}\n`
}

async function serve (datasource: Datasource, schemaFiles: string[]): Promise<void> {
  const ended = new AbortController()
  const end = () => { ended.abort() }
  // The CLI ends its engine with SIGTERM; Ctrl-C reaches both
  process.once('SIGTERM', end).once('SIGINT', end)
  const open = async () => await openEngine(datasource, schemaFiles)
  await serveEngine({ open, input: process.stdin, output: process.stdout, signal: ended.signal })
  process.stdin.destroy()
}

async function openEngine ({ url, shadowDatabaseUrl }: Datasource, schemaFiles: string[]): Promise<OpenEngine> {
  const dataDir = embeddedDataDir(url)
  const embedded = dataDir === undefined ? undefined : await startEmbedded({ dataDir })
  const shadow = shadowDatabaseUrl === undefined ? undefined : parseDatabaseUrl(shadowDatabaseUrl)
  const database = parseDatabaseUrl(embedded === undefined ? url : withSchema(embedded.url, parseDatabaseUrl(url).schema))
  const adapters = migrationAdapters({ database, shadow })
  const close = async () => {
    await adapters.close()
    await embedded?.stop()
  }
  try {
    const datamodels = await Promise.all(schemaFiles.map(readSchema))
    return { engine: await createSchemaEngine({ adapter: adapters.factory, datamodels }), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function readSchema (path: string): Promise<[path: string, content: string]> {
  return [path, await readFile(path, 'utf8')]
}

async function printVersion (): Promise<void> {
  process.stdout.write(`schema-engine-wasm ${await engineVersion()}\n`)
}

// The embedded database is started by the engine that the CLI runs next
async function checkConnection (url: string): Promise<void> {
  if (embeddedDataDir(url) === undefined) await withClient(parseDatabaseUrl(url), async () => {})
}

async function createDatabase (url: string): Promise<void> {
  const { options, ...rest } = parseDatabaseUrl(url)
  const maintenance = { ...rest, options: { ...options, database: MAINTENANCE_DATABASE } }
  await withClient(maintenance, async (client) => {
    await client.query(`CREATE DATABASE ${quoteIdentifier(options.database ?? '')}`)
  })
}

function embeddedDataDir (url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { hostname, searchParams } = new URL(url)
  return hostname === EMBEDDED_HOST ? searchParams.get('dataDir') ?? undefined : undefined
}

function readDatasource (json: string): Datasource {
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'object' || value === null || !('url' in value) || typeof value.url !== 'string') {
    throw new Error('the Prisma CLI passed no database URL')
  }
  const shadow = 'shadowDatabaseUrl' in value ? value.shadowDatabaseUrl : undefined
  return { url: value.url, shadowDatabaseUrl: typeof shadow === 'string' && shadow !== '' ? shadow : undefined }
}

function prismaCode (error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return PRISMA_CODES.get(code)
}
