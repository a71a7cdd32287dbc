import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { embeddedUrl, startEmbedded } from '../../src/database/embedded.ts'
import { packageRoot } from '../../src/database/package-root.ts'

/** One PostgreSQL for the whole run, kept between runs; its folder is ignored by git. */
export const testDataDir = process.env['LATCHKEY_TEST_DIR'] ?? join(packageRoot, '.latchkey-test')

/** Encrypts the keys in the template database. */
export const APP_KEY = Buffer.alloc(32, 'tests').toString('base64')

/** Changes with every migration, so that an outdated template is never used. */
export function templateName (): string {
  const hash = createHash('sha256').update(APP_KEY)
  const directory = join(packageRoot, 'prisma/migrations')
  for (const name of readdirSync(directory).filter((entry) => !entry.includes('.')).sort()) {
    hash.update(name).update(readFileSync(join(directory, name, 'migration.sql')))
  }
  return `template_${hash.digest('hex').slice(0, 16)}`
}

export const startTestDatabase = () => startEmbedded({ dataDir: testDataDir, outlives: true })

/** The address of PostgreSQL. The first test that needs it starts it, and it keeps running after that test. */
export async function testDatabaseUrl (): Promise<string> {
  return await embeddedUrl(testDataDir) ?? await prepareTestDatabase()
}

/** Starts PostgreSQL with the template database, in a process of its own that leaves it running. */
export async function prepareTestDatabase (): Promise<string> {
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL(`start-database${extname(import.meta.url)}`, import.meta.url))])
  const url = await embeddedUrl(testDataDir)
  if (!url) throw new Error('The PostgreSQL of the tests does not run')
  return url
}

export function urlOf (serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  url.search = ''
  return url.href
}

/** The same database over the socket of the PostgreSQL of the tests, where there is one: a query takes half as long as over TCP. */
export function overSocket (databaseUrl: string, serverUrl: string): string {
  const url = new URL(databaseUrl)
  const directory = join(testDataDir, 'postgres')
  const isOurs = url.host === new URL(serverUrl).host && url.search === ''
  if (isOurs && existsSync(join(directory, `.s.PGSQL.${url.port}`))) url.searchParams.set('host', directory)
  return url.href
}
