import { randomBytes } from 'node:crypto'
import { access, chmod, chown, constants, readFile, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '../config/config-error.ts'
import { dotenvText } from '../config/dotenv.ts'

// As Node parses it: a quoted value may span lines, any other ends at `#` or with the line. A byte order mark is ignored
const ASSIGNMENT = /^(\uFEFF*[ \t]*(?:export[ \t]+)?)([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*("[^"]*"|'[^']*'|`[^`]*`|[^\r\n#]*)([^\r\n]*)/gm
const OWNER_ONLY = 0o600
const OTHERS = 0o007

/**
 * To be called before creating secrets that are shown only once.
 * @throws when the file could not be written
 */
export async function checkWritable (path: string): Promise<void> {
  try {
    const target = await realpath(path).catch(missing(path))
    if (await stat(target).catch(missing(null))) dotenvText(await readFile(target))
    await access(dirname(target), constants.W_OK)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

function cannotWrite (path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  // The error of a file that is not UTF-8 is already a ConfigError
  if (error instanceof ConfigError || code === undefined) return error
  return new Error(
    `${path} cannot be written (${message}): run as its owner, or leave out --write-env and put the values where your server reads them`,
    { cause: error }
  )
}

/**
 * Sets variables in a `.env` file; every other byte stays. Only its owner can read the file, or also a group where it was already closed to
 * everybody else.
 * @throws ConfigError when it is not UTF-8
 */
export async function writeVariables (path: string, variables: Record<string, string>): Promise<void> {
  const target = await realpath(path).catch(missing(path))
  const owner = await stat(target).catch(missing(null))
  const text = owner ? dotenvText(await readFile(target)) : ''
  const draft = `${target}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, setVariables(text, variables), { mode: OWNER_ONLY, flag: 'wx', flush: true })
    if (owner) {
      await chown(draft, owner.uid, owner.gid).catch(() => {})
      await chmod(draft, secretMode(owner.mode))
    }
    await rename(draft, target)
  } catch (error) {
    await unlink(draft).catch(() => {})
    throw cannotWrite(path, error)
  }
}

/** A mode that admits everybody comes from a umask rather than a decision. */
function secretMode (mode: number): number {
  return (mode & OTHERS) === 0 ? mode & 0o777 : mode & 0o700
}

/** @param variables values of letters, digits, `_` and `-`, which need no quotes */
export function setVariables (text: string, variables: Record<string, string>): string {
  const missing = new Set(Object.keys(variables))
  const replaced = text.replace(ASSIGNMENT, (line: string, before: string, name: string, _value: string, after: string) => {
    if (!Object.hasOwn(variables, name)) return line
    missing.delete(name)
    const comment = after.trimStart().startsWith('#') ? ` ${after.trimStart()}` : ''
    return `${before}${name}=${variables[name]}${comment}`
  })
  if (missing.size === 0) return replaced
  const eol = /\r?\n/.exec(text)?.[0] ?? '\n'
  const end = replaced === '' || replaced.endsWith('\n') ? '' : eol
  return replaced + end + [...missing].map((name) => `${name}=${variables[name]}${eol}`).join('')
}

function missing<T> (otherwise: T) {
  return (error: NodeJS.ErrnoException): T => {
    if (error.code !== 'ENOENT') throw error
    return otherwise
  }
}
