/** Of a password in NFC; longer ones cannot be set. */
export const MAX_PASSWORD_BYTES = 1000
// No password of at most that many bytes has more UTF-16 units in any normalization form
const MAX_UNITS = 2 * MAX_PASSWORD_BYTES

/**
 * The normalized password that is hashed and measured, so that an accent typed on macOS and on Windows is the same character (RFC 8265
 * section 4.2). The length is limited before normalizing, because ordering combining marks takes time quadratic in their number.
 * @returns null when it is too long
 */
export function passwordText (typed: string): string | null {
  if (typed.length > MAX_UNITS) return null
  const text = typed.normalize('NFC')
  return Buffer.byteLength(text) > MAX_PASSWORD_BYTES ? null : text
}
