/** Of a password in NFC; longer ones cannot be set. */
export const MAX_PASSWORD_BYTES = 1000
// No spelling of such a password has more UTF-16 units
const MAX_UNITS = 2 * MAX_PASSWORD_BYTES

/**
 * The one spelling of a password that is hashed and measured: an accent typed on a Mac and on Windows is the same letter (RFC 8265 section
 * 4.2).
 * Cut before it is normalized: putting combining marks in order costs the square of their number. @returns null when it is too long
 */
export function passwordText (typed: string): string | null {
  if (typed.length > MAX_UNITS) return null
  const text = typed.normalize('NFC')
  return Buffer.byteLength(text) > MAX_PASSWORD_BYTES ? null : text
}
