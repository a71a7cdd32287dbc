import { hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** 256-bit keys for one purpose, the current one first, each derived from an APP_KEY (HKDF, RFC 5869). */
export type DerivedKeys = readonly Buffer[]

/** @returns one key per APP_KEY; `label` keeps the uses apart */
export function deriveKeys (appKeys: readonly string[], label: string): DerivedKeys {
  return appKeys.map((key) => Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64'), '', `latchkey/${label}`, 32)))
}

/** The APP_KEY of an embedded database: kept in `<dataDir>/app.key`, mode 0600, made when missing. */
export async function embeddedAppKey (dataDir: string): Promise<string> {
  const path = join(dataDir, 'app.key')
  const existing = await readKey(path)
  if (existing) return existing
  await mkdir(dataDir, { recursive: true })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true })
  // link, unlike rename, keeps the key that another process made first
  await link(draft, path).catch(ignore('EEXIST'))
  await unlink(draft)
  return (await readKey(path))!
}

async function readKey (path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(ignore('ENOENT'))
  return text?.trim()
}

function ignore (code: string) {
  return (error: NodeJS.ErrnoException): undefined => {
    if (error.code !== code) throw error
  }
}
