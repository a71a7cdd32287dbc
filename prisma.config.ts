import { join, resolve } from 'node:path'
import { defineConfig } from 'prisma/config'
import { chooseSchema, withSchema } from './src/database/choose-schema.ts'
import { OWN_SCHEMA } from './src/database/connection.ts'
import { readDotenv } from './src/config/dotenv.ts'

for (const [name, value] of Object.entries(readDotenv('.env'))) process.env[name] ??= value

// Otherwise the CLI downloads an engine, which many networks forbid. Ours is the same one as WebAssembly, from npm.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= join(import.meta.dirname, 'prisma', 'schema-engine.js')

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: await databaseUrl() }
})

/** With the schema that the server uses. `generate` and the like ask no database. */
async function databaseUrl (): Promise<string> {
  const url = process.env.LATCHKEY_DATABASE_URL || process.env.DATABASE_URL
  if (!['migrate', 'db'].includes(process.argv[2] ?? '')) return url || embeddedUrl()
  if (url) return (await chooseSchema(url).catch(toMake(url))).url
  const { startEmbedded } = await import('./src/database/embedded.ts')
  const embedded = await startEmbedded({ dataDir: dataDir() })
  const { schema } = await chooseSchema(embedded.url).finally(embedded.stop)
  return withSchema(embeddedUrl(), schema)
}

/** The CLI makes a database that does not exist. */
function toMake (url: string): (error: unknown) => { url: string } {
  return (error) => {
    if (error instanceof Error && error.cause instanceof Error && 'code' in error.cause && error.cause.code === '3D000') return { url: withSchema(url, OWN_SCHEMA) }
    throw error
  }
}

/** Our engine starts the embedded database when it sees this host, and stops it at the end. */
function embeddedUrl (): string {
  return `postgresql://embedded/latchkey?dataDir=${encodeURIComponent(dataDir())}`
}

function dataDir (): string {
  return resolve(process.env.LATCHKEY_DATA_DIR || '.latchkey')
}
