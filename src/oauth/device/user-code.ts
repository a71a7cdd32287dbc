import { createHmac, randomInt } from 'node:crypto'
import type { DerivedKeys } from '../../crypto/app-key.ts'

export type UserCodes = {
  /** A new code, as people see it, and the hash under which it is stored. */
  make: () => { code: string, hash: Uint8Array }
  /** Under every APP_KEY that still counts; none for what cannot be a code. */
  hashes: (text: string) => Uint8Array[]
}

// RFC 8628 section 6.1: no vowels, so that no words come about, and nothing that looks like something else
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8
const HALF = LENGTH / 2
/** Characters of a code as it is typed, spaces and dashes included. */
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

/** What was typed, without case, dashes and spaces; null for what cannot be a code. */
export function plainCode (text: string): string | null {
  if (text.length > 64) return null
  const plain = text.normalize('NFKC').toUpperCase().replace(/[\s\p{Pd}\p{Pc}.]/gu, '')
  return CODE.test(plain) ? plain : null
}

/** XXXX-XXXX */
export function displayCode (plain: string): string {
  return `${plain.slice(0, HALF)}-${plain.slice(HALF)}`
}
