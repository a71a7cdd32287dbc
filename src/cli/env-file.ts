import { randomBytes } from 'node:crypto'
import { chmod, chown, readFile, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises'

// As Node reads it: a quoted value may span lines, anything else ends at `#` or with the line
const ASSIGNMENT = /^([ \t]*(?:export[ \t]+)?)([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*("[^"]*"|'[^']*'|`[^`]*`|[^\r\n#]*)([^\r\n]*)/gm
const OWNER_ONLY = 0o600

/** Sets variables in a `.env` file; every other byte stays. A file that is new is its owner's alone. */
export async function writeVariables (path: string, variables: Record<string, string>): Promise<void> {
  const target = await realpath(path).catch(missing(path))
  const owner = await stat(target).catch(missing(null))
  // Every byte has a character in latin1, so none changes
  const text = owner ? await readFile(target, 'latin1') : ''
  const draft = `${target}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, setVariables(text, variables), { encoding: 'latin1', mode: OWNER_ONLY, flag: 'wx', flush: true })
    if (owner) {
      await chown(draft, owner.uid, owner.gid).catch(() => {})
      await chmod(draft, owner.mode & 0o777)
    }
    await rename(draft, target)
  } catch (error) {
    await unlink(draft).catch(() => {})
    throw error
  }
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
