import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { SET_DATA_DIR, SET_DATABASE_URL } from '../../config/data-dir.ts'

const run = promisify(execFile)

/** The user to run PostgreSQL as when this process runs as root, which PostgreSQL refuses. */
export interface Account {
  uid: number
  gid: number
}

const NAME = 'postgres'

/** The owner of the directory of an existing database; undefined when that is the current user. */
export async function databaseAccount (directory: string): Promise<Account | undefined> {
  const self = process.getuid?.()
  const owner = await ownerOf(directory)
  if (self === undefined || (owner?.uid ?? self) === self) return self === 0 ? await postgresAccount() : requireName(self)
  if (self === 0) return owner
  throw new Error(`${directory} belongs to another user (uid ${owner?.uid}): run as that user, or ${SET_DATA_DIR} to another directory`)
}

/** PostgreSQL looks up its own user name, which the uid of a container often lacks. */
function requireName (uid: number | undefined): undefined {
  try {
    userInfo()
  } catch (error) {
    throw new Error(
      `the embedded PostgreSQL does not run as uid ${uid}, which has no user name here: ${SET_DATABASE_URL}, or run as a user of /etc/passwd`,
      { cause: error }
    )
  }
}

/** Reports which directory on the path the account cannot enter, since PostgreSQL's own error does not say so. */
export async function requireReachable (path: string, { uid, gid }: Account, fix: string): Promise<void> {
  for (const directory of ancestors(path)) {
    const { mode, uid: owner, gid: group } = await stat(directory)
    const enter = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001
    if ((mode & enter) !== 0) continue
    const octal = (mode & 0o777).toString(8)
    throw new Error(
      `as root, the embedded PostgreSQL runs as the user ${NAME}, who cannot enter ${directory} (mode ${octal}): ${fix}, or run "chmod o+x ${directory}"`
    )
  }
}

async function ownerOf (directory: string): Promise<Account | undefined> {
  return await stat(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

async function postgresAccount (): Promise<Account> {
  return await existingAccount().catch(createAccount)
}

async function existingAccount (): Promise<Account> {
  return { uid: await id('-u'), gid: await id('-g') }
}

async function id (kind: '-u' | '-g'): Promise<number> {
  const { stdout } = await run('id', [kind, NAME])
  return Number(stdout)
}

async function createAccount (): Promise<Account> {
  try {
    await run('groupadd', ['--force', '--system', NAME])
    await run('useradd', ['--system', '--gid', NAME, '--no-create-home', '--shell', '/usr/sbin/nologin', NAME])
    return await existingAccount()
  } catch (error) {
    throw new Error(
      `PostgreSQL does not run as root, and a user ${NAME} could not be created: run as another user, or ${SET_DATABASE_URL}`,
      { cause: error }
    )
  }
}

function ancestors (path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [path] : [...ancestors(parent), path]
}
