import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, lstat, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { fixFor } from '../../config/data-dir.ts'
import type { Account } from './account.ts'
import { cannotRun } from './binaries.ts'
import { isAlive } from './postmaster.ts'

const run = promisify(execFile)

export const DATABASE_USER = 'latchkey'
const PASSWORD_FILE = 'latchkey.password'

// The same sort order and case rules on every machine, whatever its locale. Without fsync, which takes ten seconds on a slow disk: data can
// be lost only if the machine fails within seconds of the first start, when the database is still new
const INITDB = [
  `--username=${DATABASE_USER}`, '--auth=scram-sha-256', '--encoding=UTF8',
  '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions', '--no-sync'
]

/**
 * Creates the data directory. initdb works in another directory, which is moved into place when complete. A killed process therefore leaves
 * nothing incomplete, and of two processes the second finds the result of the first.
 */
export async function createCluster (directory: string, initdb: string, account: Account | undefined): Promise<void> {
  await removeAbandoned(directory)
  const work = await mkdtemp(`${directory}.init-${process.pid}-`)
  try {
    await give(work, account)
    await initialize(work, directory, initdb, account)
    await moveIntoPlace(join(work, 'data'), directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

export async function readPassword (directory: string): Promise<string> {
  const path = join(directory, PASSWORD_FILE)
  const password = (await readFile(path, 'utf8')).trim()
  if (password === '') throw new Error(`${path} is empty: restore the password of the database in it, or move the directory away`)
  return password
}

export async function isCluster (directory: string): Promise<boolean> {
  if (!await exists(join(directory, 'global', 'pg_control'))) return false
  if (await exists(join(directory, PASSWORD_FILE))) return true
  throw new Error(`${directory} contains a database but no ${PASSWORD_FILE}: restore the file, or move the directory away`)
}

async function initialize (work: string, directory: string, initdb: string, account: Account | undefined): Promise<void> {
  const passwordFile = join(work, 'password')
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  await give(passwordFile, account)
  const data = join(work, 'data')
  // initdb resolves its working directory, which a separate account may not be allowed to read
  await run(initdb, [...INITDB, `--pgdata=${data}`, `--pwfile=${passwordFile}`], {
    ...account, cwd: work, env: { PATH: process.env.PATH, LC_ALL: 'C' }
  })
    .catch((error: Error & { code?: unknown, stderr?: string }) => {
      // A program that ran and failed has a numeric code
      if (typeof error.code === 'string') throw new Error(cannotRun(initdb, error))
      const said = error.stderr?.trim() || error.message
      throw new Error(
        `the embedded PostgreSQL could not make its data directory ${directory}: ${[said, fixFor(said)].filter(Boolean).join(': ')}`
      )
    })
  await rename(passwordFile, join(data, PASSWORD_FILE))
}

async function moveIntoPlace (made: string, directory: string): Promise<void> {
  try {
    await rename(made, directory)
  } catch {
    if (await isCluster(directory)) return
    // Without pg_control it was never a database. It is moved aside, for its owner to delete
    await rename(directory, `${directory}.incomplete-${Date.now()}`)
    await rename(made, directory)
  }
}

async function give (path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid)
}

async function removeAbandoned (directory: string): Promise<void> {
  const name = `${basename(directory)}.init-`
  const entries = await readdir(dirname(directory))
  const abandoned = entries.filter((entry) => entry.startsWith(name) && !isAlive(Number.parseInt(entry.slice(name.length))))
  for (const entry of abandoned) await rm(join(dirname(directory), entry), { recursive: true, force: true, maxRetries: 3 })
}

async function exists (path: string): Promise<boolean> {
  return await lstat(path).then(() => true, (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
    throw error
  })
}
