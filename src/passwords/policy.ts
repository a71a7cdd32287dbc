import type { FieldError } from '../http/field-errors.ts'
import { MAX_PASSWORD_BYTES, passwordText } from './hashing.ts'

export type PasswordPolicy = {
  /** The errors of a new password, empty when it is acceptable. */
  check: (password: string) => Promise<FieldError[]>
}

/** NIST SP 800-63B section 3.1.1.2: a minimum length and a list of known passwords, without rules on character classes. */
export function createPasswordPolicy ({ minLength, refuseCommon }: { minLength: number, refuseCommon: boolean }): PasswordPolicy {
  let common: Promise<Set<string>> | undefined

  async function check (password: string): Promise<FieldError[]> {
    const text = passwordText(password)
    if (text === null) return [{ code: 'too_long', max: MAX_PASSWORD_BYTES, unit: 'bytes' }]
    if ([...text].length < minLength) return [{ code: 'too_short', min: minLength }]
    if (!refuseCommon) return []
    common ??= commonPasswords(minLength)
    return (await common).has(text.toLowerCase()) ? ['common_password'] : []
  }

  return { check }
}

async function commonPasswords (minLength: number): Promise<Set<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const passwords = dictionary['passwords-common'] as string[]
  return new Set(passwords.filter((password) => password.length >= minLength))
}
