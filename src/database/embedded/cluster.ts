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

// The same sorting and case rules on every machine, whatever its locale. Unsynced, for a slow disk takes ten seconds over
// it: only a machine that fails within seconds of the first start can lose something, and nothing that was in it before.
const INITDB = [
  `--username=${DATABASE_USER}`, '--auth=scram-sha-256', '--encoding=UTF8',
  '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions', '--no-sync'
]

/**
 * Makes the data directory. initdb works beside it and its work is moved into place when complete, so that one who is
 * killed in the middle leaves nothing half-made, and of two at once the second finds what the first made.
 */
export async function createCluster (directory: string, initdb: string, account: Account | undefined): Promise<void> {
  await removeAbandoned(directory)
  const work = await mkdtemp(`${directory}.init-${process.pid}-`)
  try {
    await give(work, account)
    await initialise(work, directory, initdb, account)
    await moveIntoPlace(join(work, 'data'), directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

export async function readPassword (directory: string): Promise<string> {
  const path = join(directory, PASSWORD_FILE)
  const password = (await readFile(path, 'utf8')).trim()
  if (password === '') throw new Error(`${path} is empty: put the password of the database back, or move the directory away`)
  return password
}

export async function isCluster (directory: string): Promise<boolean> {
  if (!await exists(join(directory, 'global', 'pg_control'))) return false
  if (await exists(join(directory, PASSWORD_FILE))) return true
  throw new Error(`${directory} holds a database but no ${PASSWORD_FILE}: put the file back, or move the directory away`)
}

async function initialise (work: string, directory: string, initdb: string, account: Account | undefined): Promise<void> {
  const passwordFile = join(work, 'password')
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  await give(passwordFile, account)
  const data = join(work, 'data')
  // initdb asks for the name of its working directory, which an account of its own might not be allowed to know.
  await run(initdb, [...INITDB, `--pgdata=${data}`, `--pwfile=${passwordFile}`], {
    ...account, cwd: work,
    env: { PATH: process.env.PATH, LC_ALL: 'C' }
  })
    .catch((error: Error & { code?: unknown, stderr?: string }) => {
      // One that ran and failed has a number
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
    // Without pg_control it was never a database. Its owner may delete it; we only make room.
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
