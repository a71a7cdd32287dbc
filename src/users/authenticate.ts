import { originOf, type Events, type LoginFailure } from '../events/events.ts'
import type { Authenticate, Caller } from '../oauth/ports.ts'
import { TooManyAttempts } from '../throttle/attempts.ts'
import type { NewDevice } from './new-device.ts'
import type { User, Users } from './ports.ts'
import type { Throttle } from '../throttle/throttle.ts'

type Found = NonNullable<Awaited<ReturnType<Users['find']>>>

type Dependencies = {
  users: Pick<Users, 'find' | 'verify'>
  throttle: Throttle
  events: Pick<Events, 'emit'>
  /** Null where nobody is told. */
  newDevice: NewDevice | null
}

/**
 * One look-up, one hash and the same time for every login, whether or not the user exists.
 * @throws Overloaded
 */
export function createAuthenticate ({ users, throttle, events, newDevice }: Dependencies): Authenticate {
  async function check (user: Found | null, password: string) {
    if (!await users.verify(user, password) || !user || user.disabled) return null
    return { userId: user.id, passwordStamp: user.passwordStamp, missing: user.missing }
  }

  function tellFailure (user: User | null, reason: LoginFailure, caller: Caller): void {
    events.emit('login.failed', { userId: user?.id ?? null, clientId: caller.clientId ?? null, reason, ...originOf(caller) })
  }

  return async (candidates, password, caller) => {
    let user: Found | null = null
    try {
      const attempt = throttle.login(candidates, caller)
      user = candidates.length > 0 ? await users.find(candidates) : null
      const signedIn = await attempt.guard(user?.id ?? null)(() => check(user, password))
      if (!signedIn) {
        tellFailure(user, reasonFor(user), caller)
        return null
      }
      const { userId, missing } = signedIn
      // Where something is missing, there is no login yet
      const notices = newDevice && missing.length === 0 && !attempt.knows(userId) ? await newDevice(userId, caller) : []
      if (missing.length > 0) {
        events.emit('login.incomplete', { userId, clientId: caller.clientId ?? null, missing: [...missing], ...originOf(caller) })
      }
      return { ...signedIn, device: attempt.device(userId), notices }
    } catch (error) {
      if (error instanceof TooManyAttempts) tellFailure(user, 'too_many_attempts', caller)
      throw error
    }
  }
}

function reasonFor (user: User | null): LoginFailure {
  if (!user) return 'unknown_user'
  return user.disabled ? 'disabled' : 'wrong_password'
}
