import { join, resolve } from 'node:path'
import { defineConfig } from 'prisma/config'
import { readDotenv } from './src/dotenv.ts'

for (const [name, value] of Object.entries(readDotenv('.env'))) process.env[name] ??= value

// Otherwise the CLI downloads an engine, which many networks forbid. Ours is the same one as WebAssembly, from npm.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= join(import.meta.dirname, 'prisma', 'schema-engine.js')

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.LATCHKEY_DATABASE_URL || process.env.DATABASE_URL || embeddedUrl() }
})

/** Our engine starts the embedded database when it sees this host, and stops it at the end. */
function embeddedUrl (): string {
  const dataDir = resolve(process.env.LATCHKEY_DATA_DIR || '.latchkey')
  return `postgresql://embedded/latchkey?dataDir=${encodeURIComponent(dataDir)}`
}
