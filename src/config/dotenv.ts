import { readFileSync } from 'node:fs'
import { parseEnv, TextDecoder } from 'node:util'
import { ConfigError } from './config-error.ts'

// Some editors begin a file with it, and concatenated files have it in the middle; it would become part of a name
const BYTE_ORDER_MARKS = /^\uFEFF+/gm
// Line endings that Node's parser drops, which would join two lines
const LONE_CR = /\r(?!\n)/g

/**
 * The variables of a `.env` file; none when there is no file.
 * @throws ConfigError
 */
export function readDotenv (path: string): Record<string, string | undefined> {
  try {
    return parseEnv(dotenvText(readFileSync(path)).replace(LONE_CR, '\n').replace(BYTE_ORDER_MARKS, ''))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw error instanceof ConfigError ? error : new ConfigError([{ name: path, message: `cannot be read: ${message}` }])
  }
}

/**
 * The text of a `.env` file. Text that is not UTF-8 would yield wrong names and values, or none, and a server without its DATABASE_URL
 * starts on the embedded database.
 * @throws ConfigError
 */
export function dotenvText (bytes: Buffer): string {
  const text = decoded(bytes)
  // UTF-16 and UTF-32 without a byte order mark can be valid UTF-8, except for the zeros between the characters
  if (text !== undefined && !text.includes('\0')) return text
  throw new ConfigError([{ name: '.env', message: 'is not UTF-8; save it as UTF-8 (PowerShell: Set-Content -Encoding utf8)' }])
}

function decoded (bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
