import { hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { inDataDir } from '../config/data-dir.ts'

/** 256-bit keys for one purpose, the current one first, each derived from an APP_KEY (HKDF, RFC 5869). */
export type DerivedKeys = readonly Buffer[]

/** 32 bytes in base64. */
export const APP_KEY_FORM = '^[A-Za-z0-9+/_-]{43}=?$'

/** @returns one key per APP_KEY; `label` gives each purpose different keys */
export function deriveKeys (appKeys: readonly string[], label: string): DerivedKeys {
  return appKeys.map((key) => Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64'), '', `latchkey/${label}`, 32)))
}

/** The file with the APP_KEY of an embedded database, mode 0600. */
export function appKeyFile (dataDir: string): string {
  return join(resolve(dataDir), 'app.key')
}

/**
 * The APP_KEY created for an embedded database, if any.
 * @throws Error when the file contains something else
 */
export async function readAppKey (dataDir: string): Promise<string | undefined> {
  const path = appKeyFile(dataDir)
  const text = await inDataDir(resolve(dataDir), async () => await readFile(path, 'utf8').catch(ignore('ENOENT')))
  const key = text?.trim()
  if (key === undefined || new RegExp(APP_KEY_FORM).test(key)) return key
  throw new Error(
    `${path} holds no key, which is 32 bytes in base64: put back the one that the database in ${resolve(dataDir)} was set up with, or give it as APP_KEY; where there is no database yet, delete the file`
  )
}

/**
 * Creates the key of a database that has none.
 * @returns the key of another process, if that was first
 */
export async function makeAppKey (dataDir: string): Promise<string> {
  const path = appKeyFile(dataDir)
  await inDataDir(resolve(dataDir), async () => {
    await mkdir(dataDir, { recursive: true })
    const draft = `${path}.${randomBytes(6).toString('hex')}`
    try {
      await writeFile(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true })
      // link, unlike rename, keeps a key that another process has created first
      await link(draft, path).catch(ignore('EEXIST'))
    } finally {
      await unlink(draft).catch(ignore('ENOENT'))
    }
  })
  return (await readAppKey(dataDir))!
}

function ignore (code: string) {
  return (error: NodeJS.ErrnoException): undefined => {
    if (error.code !== code) throw error
  }
}
