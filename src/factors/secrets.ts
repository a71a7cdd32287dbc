import { randomBytes } from 'node:crypto'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { hashSecret } from '../crypto/secrets.ts'
import type { SealedSecret } from './ports.ts'

/** Label of the keys that seal the secrets of factors. */
export const FACTOR_KEYS = 'factors'

export const factorContext = ({ id }: { id: string }) => `factor:${id}`

export function sealSecret (keys: DerivedKeys, id: string, secret: string): SealedSecret {
  return { id, sealed: seal(keys[0]!, secret, factorContext({ id })) }
}

/** Null for one that was sealed under a key that is gone. */
export function openSecret (keys: DerivedKeys, { id, sealed }: SealedSecret): string | null {
  return unseal(keys, sealed, factorContext({ id }))?.text ?? null
}

// Without letters and digits that look alike
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const GROUPS = 4
const GROUP = 4
const COUNT = 10
/** The largest multiple of the alphabet's length in a byte: so every character is equally likely. */
const FAIR = 256 - 256 % ALPHABET.length

/** Codes of 79 random bits, such as `k7mq-2xwp-9rtc-hb4e`, that nobody can guess. */
export function newRecoveryCodes (): { codes: string[], hashes: Uint8Array[] } {
  const codes = Array.from({ length: COUNT }, newCode)
  return { codes, hashes: codes.map(hashRecoveryCode) }
}

function newCode (): string {
  const text: string[] = []
  while (text.length < GROUPS * GROUP) {
    text.push(...[...randomBytes(GROUPS * GROUP)].filter((byte) => byte < FAIR).map((byte) => ALPHABET[byte % ALPHABET.length]!))
  }
  return Array.from({ length: GROUPS }, (_, group) => text.slice(group * GROUP, (group + 1) * GROUP).join('')).join('-')
}

/** As it is typed in: with or without dashes and spaces, in capitals or not. */
export function hashRecoveryCode (code: string): Uint8Array {
  return hashSecret(code.replace(/[\s-]/g, '').toLowerCase())
}

const SIX_DIGITS = /^\d{6}$/

/** A code of six digits, without spaces; null for anything else. */
export function sixDigits (code: string): string | null {
  const digits = code.replace(/\s/g, '')
  return SIX_DIGITS.test(digits) ? digits : null
}
