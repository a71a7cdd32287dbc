import type { Authenticate } from '../oauth/ports.ts'
import { Overloaded, type Passwords } from './passwords.ts'
import type { Account, Users } from './ports.ts'
import type { Throttle } from './throttle.ts'

const MAX_BYTES = 1000

type Dependencies = { users: Users, passwords: Passwords, throttle: Throttle }

/** One look-up and one hash, whoever asks for whom. @throws Overloaded */
export function createAuthenticate ({ users, passwords, throttle }: Dependencies): Authenticate {
  async function check (account: Account | null, password: string) {
    // Longer ones cannot have been set; hashing them anyway keeps the time the same
    const { matches, outdated } = await passwords.verify(account?.passwordHash ?? null, password.slice(0, MAX_BYTES))
    if (!account?.passwordHash || !matches || account.disabled || password.length > MAX_BYTES) return null
    if (outdated) await strengthen(account.id, account.passwordHash, password)
    return { userId: account.id, passwordStamp: account.passwordStamp }
  }

  async function strengthen (userId: string, oldHash: string, password: string): Promise<void> {
    try {
      await users.rehash(userId, oldHash, await passwords.hash(password))
    } catch (error) {
      // There is time for it at the next login
      if (!(error instanceof Overloaded)) throw error
    }
  }

  return async (candidates, password, caller) => {
    const attempt = throttle.login(candidates, caller)
    const account = candidates.length > 0 ? await users.findByIdentifiers(candidates) : null
    const user = await attempt.guard(account?.id ?? null)(() => check(account, password))
    return user && { ...user, device: attempt.device(user.userId) }
  }
}
