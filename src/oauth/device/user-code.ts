import { createHmac, randomInt } from 'node:crypto'
import type { DerivedKeys } from '../../crypto/app-key.ts'

export type UserCodes = {
  /** A new code as shown to the user, and the hash under which it is stored. */
  make: () => { code: string, hash: Uint8Array }
  /** The hashes under every valid APP_KEY; none for text that cannot be a code. */
  hashes: (text: string) => Uint8Array[]
}

// RFC 8628 section 6.1: no vowels, so that no words occur, and no characters that look alike
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8
const HALF = LENGTH / 2
/** Characters of a typed code, including spaces and dashes. */
export const MAX_TYPED = 32
const CODE = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)

/** 34 random bits: enough for ten minutes with a limit on guessing, too few for a hash without a key. */
export function createUserCodes (keys: DerivedKeys): UserCodes {
  const hash = (key: Buffer, plain: string) => new Uint8Array(createHmac('sha256', key).update(plain).digest())

  function make () {
    const plain = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
    return { code: displayCode(plain), hash: hash(keys[0]!, plain) }
  }

  function hashes (text: string): Uint8Array[] {
    const plain = plainCode(text)
    return plain === null ? [] : keys.map((key) => hash(key, plain))
  }

  return { make, hashes }
}

/** The typed text in upper case without dashes and spaces; null when it cannot be a code. */
export function plainCode (text: string): string | null {
  if (text.length > 64) return null
  const plain = text.normalize('NFKC').toUpperCase().replace(/[\s\p{Pd}\p{Pc}.]/gu, '')
  return CODE.test(plain) ? plain : null
}

/** XXXX-XXXX */
export function displayCode (plain: string): string {
  return `${plain.slice(0, HALF)}-${plain.slice(HALF)}`
}
