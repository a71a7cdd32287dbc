import { originOf, type Events, type LoginFailure } from '../events/events.ts'
import type { Authenticate, Caller } from '../oauth/ports.ts'
import { TooManyAttempts } from '../throttle/attempts.ts'
import type { Account, Users } from './ports.ts'
import type { Throttle } from '../throttle/throttle.ts'

type Dependencies = { users: Pick<Users, 'find' | 'verify'>, throttle: Throttle, events: Pick<Events, 'emit'> }

/**
 * One look-up, one hash and the same time for every login, whether or not the user exists.
 * @throws Overloaded
 */
export function createAuthenticate ({ users, throttle, events }: Dependencies): Authenticate {
  async function check (account: Account | null, password: string) {
    if (!await users.verify(account, password) || !account || account.disabled) return null
    return { userId: account.id, passwordStamp: account.passwordStamp }
  }

  function tellFailure (account: Account | null, reason: LoginFailure, caller: Caller): void {
    events.emit('login.failed', { userId: account?.id ?? null, clientId: caller.clientId ?? null, reason, ...originOf(caller) })
  }

  return async (candidates, password, caller) => {
    let account: Account | null = null
    try {
      const attempt = throttle.login(candidates, caller)
      account = candidates.length > 0 ? await users.find(candidates) : null
      const user = await attempt.guard(account?.id ?? null)(() => check(account, password))
      if (!user) tellFailure(account, reasonFor(account), caller)
      else events.emit('login.succeeded', { userId: user.userId, clientId: caller.clientId ?? null, ...originOf(caller) })
      return user && { ...user, device: attempt.device(user.userId) }
    } catch (error) {
      if (error instanceof TooManyAttempts) tellFailure(account, 'too_many_attempts', caller)
      throw error
    }
  }
}

function reasonFor (account: Account | null): LoginFailure {
  if (!account) return 'unknown_user'
  return account.disabled ? 'disabled' : 'wrong_password'
}
