import type { FieldError } from '../http/field-errors.ts'
import { MAX_PASSWORD_BYTES, passwordText } from './hashing.ts'

/** What a password must contain, in the order in which it is reported, as defined by Laravel's `Password` rule. */
const KINDS = {
  mixedCase: [/\p{Ll}/u, /\p{Lu}/u],
  letters: [/\p{L}/u],
  symbols: [/[\p{Z}\p{S}\p{P}]/u],
  numbers: [/\p{N}/u]
}

export type CharacterKind = keyof typeof KINDS

/** What forms say before the first try. */
export type PasswordRules = { minLength: number, kinds: readonly CharacterKind[] }

export type PasswordPolicy = {
  rules: PasswordRules
  /** The errors of a new password, empty when it is acceptable. */
  check: (password: string) => Promise<FieldError[]>
}

type Options = {
  minLength: number
  refuseCommon: boolean
  /** The file of a list of breached passwords. */
  breached?: string
} & Partial<Record<CharacterKind, boolean>>

/**
 * NIST SP 800-63B section 3.1.1.2: a minimum length and lists of known passwords. Rules on kinds of characters, which it advises against,
 * are off by default.
 */
export function createPasswordPolicy ({ minLength, refuseCommon, breached, ...wanted }: Options): PasswordPolicy {
  const kinds = (Object.keys(KINDS) as CharacterKind[]).filter((kind) => wanted[kind])
  async function check (password: string): Promise<FieldError[]> {
    const text = passwordText(password)
    if (text === null) return [{ code: 'too_long', max: MAX_PASSWORD_BYTES, unit: 'bytes' }]
    const short: FieldError[] = [...text].length < minLength ? [{ code: 'too_short', min: minLength }] : []
    const missing = kinds.filter((kind) => !KINDS[kind].every((characters) => characters.test(text)))
    const errors = [...short, ...missing.map((kind): FieldError => ({ code: 'characters_missing', kind }))]
    if (errors.length > 0) return errors
    if (refuseCommon && (await commonPasswords(minLength)).has(text.toLowerCase())) return ['common_password']
    return breached !== undefined && await isBreached(breached, text) ? ['breached_password'] : []
  }

  return { rules: { minLength, kinds }, check }
}

/** @throws Error when the list cannot be read */
async function isBreached (path: string, text: string): Promise<boolean> {
  const list = await import('./breached-list.ts')
  return await list.isBreached(path, text)
}

/** By minimum length: read at the first use, once for all apps of the process. */
const lists = new Map<number, Promise<Set<string>>>()

function commonPasswords (minLength: number): Promise<Set<string>> {
  const known = lists.get(minLength) ?? readCommonPasswords(minLength)
  lists.set(minLength, known)
  return known
}

async function readCommonPasswords (minLength: number): Promise<Set<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const passwords = dictionary['passwords-common'] as string[]
  return new Set(passwords.filter((password) => password.length >= minLength))
}
