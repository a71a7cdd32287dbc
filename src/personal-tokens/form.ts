import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const PREFIX = 'lk_pat_'
const SECRET = 32
// Secret ‖ CRC-32 of prefix and secret: 36 bytes leave no bits over, each token has one spelling
const FORM = /^lk_pat_[A-Za-z0-9_-]{48}$/

/**
 * 256 bits, random unless they are given, behind a prefix that secret scanners know, with a checksum by which they tell it from something
 * alike.
 */
export function newPersonalToken (secret: Buffer = randomBytes(SECRET)): string {
  return PREFIX + Buffer.concat([secret, checksum(secret)]).toString('base64url')
}

export function looksLikePersonalToken (text: string): boolean {
  return text.startsWith(PREFIX)
}

/** Whether it can be one of ours; a mangled one is refused before the database is asked. */
export function isPersonalToken (text: string): boolean {
  if (!FORM.test(text)) return false
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url')
  return checksum(bytes.subarray(0, SECRET)).equals(bytes.subarray(SECRET))
}

function checksum (secret: Buffer): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(secret, crc32(PREFIX)))
  return bytes
}
