import type { MigrationList } from '@prisma/schema-engine-wasm'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from './package-root.ts'

const LOCK_FILE = 'migration_lock.toml'
const SCRIPT = 'migration.sql'

export const shippedMigrations = join(packageRoot, 'prisma', 'migrations')

export async function migrationNames (directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort()
}

/** The migrations with their scripts, in the engine's format. */
export async function readMigrations (baseDir: string): Promise<MigrationList> {
  const names = await migrationNames(baseDir)
  return {
    baseDir,
    lockfile: { path: LOCK_FILE, content: await readFile(join(baseDir, LOCK_FILE), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(names.map(async (name) => await readMigration(baseDir, name)))
  }
}

async function readMigration (baseDir: string, name: string): Promise<MigrationList['migrationDirectories'][number]> {
  const value = await readFile(join(baseDir, name, SCRIPT), 'utf8')
  return { path: name, migrationFile: { path: SCRIPT, content: { tag: 'ok', value } } }
}
