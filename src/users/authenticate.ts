import type { Authenticate } from '../oauth/ports.ts'
import type { Passwords } from './passwords.ts'
import type { Users } from './ports.ts'

const MAX_BYTES = 1000

/** One look-up and one hash, whoever asks for whom. @throws Overloaded */
export function createAuthenticate (users: Users, passwords: Passwords): Authenticate {
  return async (candidates, password) => {
    const account = candidates.length > 0 ? await users.findByIdentifiers(candidates) : null
    // Longer ones cannot have been set; hashing them anyway keeps the time the same
    const { matches, outdated } = await passwords.verify(account?.passwordHash ?? null, password.slice(0, MAX_BYTES))
    if (!account?.passwordHash || !matches || account.disabled || password.length > MAX_BYTES) return null
    if (outdated) await users.rehash(account.id, account.passwordHash, await passwords.hash(password))
    return { userId: account.id, passwordStamp: account.passwordStamp }
  }
}
