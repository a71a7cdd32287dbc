import { existsSync } from 'node:fs'
import { constants, mkdir, open, readdir, realpath, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { inDataDir, SET_DATA_DIR, SET_DATABASE_URL } from '../../config/data-dir.ts'
import { databaseAccount, requireReachable, type Account } from './account.ts'
import { findBinaries } from './binaries.ts'
import { createCluster, isCluster, readPassword } from './cluster.ts'
import type { Site } from './server.ts'

const OTHERS_PASS = 0o001
const PASS = 0o011
const WAYS_OUT =
  "Run the command in the directory of the server, or give it the server's settings in LATCHKEY_DATA_DIR, DATABASE_URL or latchkey.config.js: " +
  'options that an app sets in code are not known here. `npx latchkey install` creates a new database'

export type Prepared = Site & {
  /** There was no database before. */
  made: boolean
}

/**
 * Prepares everything that PostgreSQL needs to start.
 * @param create whether a database may be created where there is none
 */
export async function prepareSite (dataDir: string, create = true): Promise<Prepared> {
  const path = resolve(dataDir)
  return await inDataDir(path, async () => {
    if (!create && await hasNoDatabase(path)) throw new Error(`there is no embedded database in ${path}. ${WAYS_OUT}`)
    const account = await databaseAccount(join(path, 'postgres'))
    const { initdb, postgres, pgCtl } = await findBinaries()
    const home = await makeHome(path)
    const directory = join(home, 'postgres')
    if (account !== undefined) await openTo(account, home, postgres)
    const made = !await isCluster(directory)
    if (made) await createCluster(directory, initdb, account)
    return { directory, logFile: join(home, 'postgres.log'), account, postgres, pgCtl, password: await readPassword(directory), made }
  })
}

/** @throws Error when it cannot be determined, or the database belongs to another user */
export async function hasNoDatabase (dataDir: string): Promise<boolean> {
  const path = resolve(dataDir)
  return await inDataDir(path, async () => {
    // Lists the directory, so that a file in its place is an error
    const entries = await readdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return entries.length === 0 || !await isCluster(join(path, 'postgres'))
  })
}

async function makeHome (path: string): Promise<string> {
  // Parent directories get the default mode: as root, another user runs PostgreSQL and must be able to enter
  await mkdir(dirname(path), { recursive: true }).catch(realReason(path))
  const created = await mkdir(path, { recursive: true, mode: 0o700 }).catch(realReason(path))
  // It contains keys and personal data, and is often inside a repository
  if (created !== undefined) await writeFile(join(path, '.gitignore'), '*\n').catch(undoing(path))
  return await realpath(path)
}

/** On a read-only file system Node reports a missing directory; creating the first directory of the path shows the real error. */
function realReason (path: string) {
  return async (error: NodeJS.ErrnoException): Promise<never> => {
    if (error.code !== 'ENOENT') throw error
    let missing = path
    while (!existsSync(dirname(missing)) && dirname(missing) !== missing) missing = dirname(missing)
    await mkdir(missing)
    throw error
  }
}

/** Removes the directory, so that the next start creates it with everything that belongs in it. */
function undoing (path: string) {
  return async (error: unknown) => {
    await rmdir(path).catch(() => {})
    throw error
  }
}

async function openTo (account: Account, home: string, postgres: string): Promise<void> {
  await letPass(home)
  await requireReachable(home, account, `${SET_DATA_DIR} to a directory elsewhere`)
  await requireReachable(dirname(postgres), account, `install the project elsewhere, ${SET_DATABASE_URL}`)
}

/**
 * Lets others enter the directory but not list it; secret files in it have their own mode. A directory of another user, or one that is
 * already open, keeps its mode.
 */
async function letPass (home: string): Promise<void> {
  // Uses a handle, so that the checked directory is the one that is changed
  const directory = await open(home, constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const { mode, uid } = await directory.stat()
    if (uid === process.getuid?.() && (mode & OTHERS_PASS) === 0) await directory.chmod((mode & 0o7777) | PASS)
  } finally {
    await directory.close()
  }
}
