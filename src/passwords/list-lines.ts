import { hash } from 'node:crypto'
import { passwordText } from './hashing.ts'
import { KEY_BYTES } from './breached-list.ts'

const NEWLINE = 10
const CARRIAGE_RETURN = 13
const COLON = 58
/** Longer ones are neither hashes nor passwords that can be set. */
const MAX_LINE_BYTES = 8192
const SHA1_DIGITS = 40
const NTLM_DIGITS = 32
// gzip, zip, 7-Zip, Zstandard, xz, and UTF-16 in both orders
const NOT_TEXT = ['1f8b', '504b0304', '377abcaf', '28b52ffd', 'fd377a58', 'fffe', 'feff']
const BYTE_ORDER_MARK = 'efbbbf'

/** By character code; -1 for others. */
const HEX = Int8Array.from({ length: 256 }, (_, code) => {
  const digit = parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(digit) ? -1 : digit
})

/**
 * Calls `take` for each line that is not empty, with its number. Keeps one chunk in memory; of a very long line, only the beginning.
 * @param afterChunk is awaited before more is read
 * @throws Error when this is no text
 */
export async function forEachLine (
  input: AsyncIterable<Buffer>,
  take: (bytes: Buffer, start: number, end: number, number: number) => void,
  afterChunk: () => Promise<void>
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  let isFirst = true
  let number = 0

  function takeLine (bytes: Buffer, start: number, end: number): void {
    const last = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end
    number++
    if (last > start) take(bytes, start, last, number)
  }

  for await (const chunk of input) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let start = isFirst ? textStart(bytes) : 0
    isFirst = false
    for (let end = start; end < bytes.length; end++) {
      if (bytes[end] !== NEWLINE) continue
      takeLine(bytes, start, end)
      start = end + 1
    }
    rest = bytes.subarray(start, start + MAX_LINE_BYTES)
    await afterChunk()
  }
  if (rest.length > 0) takeLine(rest, 0, rest.length)
  await afterChunk()
}

function textStart (bytes: Buffer): number {
  const begin = bytes.toString('hex', 0, 8)
  if (NOT_TEXT.some((magic) => begin.startsWith(magic))) {
    throw new Error('This is a compressed file or UTF-16. Unpack it first, as in `gunzip -c list.gz | latchkey passwords import -`')
  }
  return begin.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length / 2 : 0
}

/** A line of Have I Been Pwned: a SHA-1 in hexadecimal, with an optional count after a colon. */
export function sha1Key (bytes: Buffer, start: number, end: number, keys: Buffer, offset: number): boolean {
  if (digitsAt(bytes, start, end) !== SHA1_DIGITS) return false
  if (end > start + SHA1_DIGITS && bytes[start + SHA1_DIGITS] !== COLON) return false
  for (let index = 0; index < KEY_BYTES; index++) {
    const digit = start + 2 * index
    keys[offset + index] = HEX[bytes[digit]!]! << 4 | HEX[bytes[digit + 1]!]!
  }
  return true
}

/** A password as people type it. One that is too long cannot be set, and is left out. */
export function plainKey (bytes: Buffer, start: number, end: number, keys: Buffer, offset: number): boolean {
  const text = passwordText(bytes.toString('utf8', start, end))
  if (text === null) return false
  hash('sha1', text, 'buffer').copy(keys, offset, 0, KEY_BYTES)
  return true
}

/** Without the line, which may be a password. */
export function lineError (bytes: Buffer, start: number, end: number, number: number): Error {
  const digits = digitsAt(bytes, start, end)
  const isNtlm = digits === NTLM_DIGITS && (end === start + digits || bytes[start + digits] === COLON)
  const hint = isNtlm ? 'This looks like the list of NTLM hashes; take the one of SHA-1' : 'For a list of passwords, add --plain'
  return new Error(`Line ${number} is not a SHA-1 hash in hexadecimal. ${hint}`)
}

function digitsAt (bytes: Buffer, start: number, end: number): number {
  let index = start
  while (index < end && HEX[bytes[index]!]! >= 0) index++
  return index - start
}
