import { constants, mkdir, open, realpath, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { databaseAccount, requireReachable, type Account } from './account.ts'
import { findBinaries } from './binaries.ts'
import { createCluster, readPassword } from './cluster.ts'
import type { Site } from './server.ts'

const OTHERS_PASS = 0o001
const PASS = 0o011

/** Everything that must be there before PostgreSQL can start. */
export async function prepareSite (dataDir: string): Promise<Site> {
  const home = await makeHome(resolve(dataDir))
  const directory = join(home, 'postgres')
  const { initdb, postgres, pgCtl } = await findBinaries()
  const account = await databaseAccount(directory)
  if (account !== undefined) await openTo(account, home, postgres)
  await createCluster(directory, initdb, account)
  return { directory, logFile: join(home, 'postgres.log'), account, postgres, pgCtl, password: await readPassword(directory) }
}

async function makeHome (path: string): Promise<string> {
  const created = await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new Error(`the directory ${path} of the embedded database cannot be made (${(error as NodeJS.ErrnoException).code}): set LATCHKEY_DATA_DIR to one that can be written, or DATABASE_URL`, { cause: error })
  })
  // It holds keys and people's data, often in somebody's checkout.
  if (created !== undefined) await writeFile(join(path, '.gitignore'), '*\n')
  return await realpath(path)
}

async function openTo (account: Account, home: string, postgres: string): Promise<void> {
  await letPass(home)
  await requireReachable(home, account, 'set LATCHKEY_DATA_DIR to a directory elsewhere')
  await requireReachable(dirname(postgres), account, 'install the project elsewhere, set DATABASE_URL')
}

/** To pass, not to look: what is secret in it has a mode of its own. A directory that is somebody else's, or open already, keeps its mode. */
async function letPass (home: string): Promise<void> {
  // By a handle, so that what is looked at is what is changed
  const directory = await open(home, constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const { mode, uid } = await directory.stat()
    if (uid === process.getuid?.() && (mode & OTHERS_PASS) === 0) await directory.chmod((mode & 0o7777) | PASS)
  } finally {
    await directory.close()
  }
}
