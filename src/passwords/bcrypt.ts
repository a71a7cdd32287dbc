import { loadBcrypt } from './native-modules.ts'

// bcrypt has its own alphabet
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** Length of `$2b$12$` and 22 characters of salt. */
export const SETTINGS_LENGTH = 29
const SALT_BYTES = 16

/** The prefix that the library accepts; the versions differ in name only. */
export function named2b (hash: string): string {
  return hash.replace(/^\$2[axy]\$/, '$2b$')
}

export async function verifyBcrypt (hash: string, password: string): Promise<boolean> {
  const { verify } = await loadBcrypt()
  return await verify(password, named2b(hash))
}

/** The digest that follows the settings when a password is hashed with them. */
export async function bcryptDigest (settings: string, password: string): Promise<string> {
  const { hash } = await loadBcrypt()
  const [, , rounds, salt = ''] = settings.split('$')
  const bytes = Buffer.from([...salt].map((letter) => BASE64[ALPHABET.indexOf(letter)]).join(''), 'base64').subarray(0, SALT_BYTES)
  return (await hash(password, Number(rounds), bytes)).slice(SETTINGS_LENGTH)
}
