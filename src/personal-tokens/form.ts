import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const PREFIX = 'lk_pat_'
const SECRET = 32
// Secret ‖ CRC-32 of prefix and secret: 36 bytes encode to whole base64url characters, so each token has exactly one spelling
const FORM = /^lk_pat_[A-Za-z0-9_-]{48}$/

/** 256 bits, random unless given, with a prefix known to secret scanners and a checksum by which they recognize real tokens. */
export function newPersonalToken (secret: Buffer = randomBytes(SECRET)): string {
  return PREFIX + Buffer.concat([secret, checksum(secret)]).toString('base64url')
}

export function looksLikePersonalToken (text: string): boolean {
  return text.startsWith(PREFIX)
}

/** Whether it can be one of our tokens; a damaged one is refused without a database query. */
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
