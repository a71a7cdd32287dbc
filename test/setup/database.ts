import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { embeddedUrl, startEmbedded } from '../../src/database/embedded.ts'
import { packageRoot } from '../../src/database/package-root.ts'

/** One PostgreSQL for the whole run, kept between runs; its folder is not in git. */
export const testDataDir = process.env['LATCHKEY_TEST_DIR'] ?? join(packageRoot, '.latchkey-test')

/** Of the keys in the template. */
export const APP_KEY = Buffer.alloc(32, 'tests').toString('base64')

/** Changes when a migration does, so that an old template is never used. */
export function templateName (): string {
  const hash = createHash('sha256').update(APP_KEY)
  const directory = join(packageRoot, 'prisma/migrations')
  for (const name of readdirSync(directory).filter((entry) => !entry.includes('.')).sort()) {
    hash.update(name).update(readFileSync(join(directory, name, 'migration.sql')))
  }
  return `template_${hash.digest('hex').slice(0, 16)}`
}

export const startTestDatabase = () => startEmbedded({ dataDir: testDataDir, outlives: true })

/** Where the database of this run answers. */
export async function testDatabaseUrl (): Promise<string> {
  const url = await embeddedUrl(testDataDir)
  if (!url) throw new Error('The test database does not run; test/setup/before.ts starts it')
  return url
}

export function urlOf (serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  url.search = ''
  return url.href
}
