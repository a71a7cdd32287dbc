import { originOf, type Events, type LoginFailure } from '../events/events.ts'
import type { Authenticate, Caller } from '../oauth/ports.ts'
import { TooManyAttempts } from '../throttle/attempts.ts'
import type { Identifier } from './attributes.ts'
import type { Decoys } from './decoys.ts'
import { EMAIL_VERIFICATION } from './missing.ts'
import type { NewDevice } from './new-device.ts'
import type { FoundForLogin, User, Users } from './ports.ts'
import type { Throttle } from '../throttle/throttle.ts'

type Dependencies = {
  users: Pick<Users, 'findForLogin' | 'verify' | 'identifiers'>
  /** Where an address must be verified. */
  decoys?: Decoys | undefined
  throttle: Throttle
  /** Whether people of this address have no password here, since they log in at their provider. */
  refusesPassword?: ((candidates: readonly Identifier[]) => boolean) | undefined
  events: Pick<Events, 'emit'>
  /** Null where nobody is told. */
  newDevice: NewDevice | null
}

const UNKNOWN: FoundForLogin = { user: null, decoy: null }
/** That of no user. */
const NO_USER = '00000000-0000-0000-0000-000000000000'

/**
 * One look-up, one hash and the same time for every login, whether or not the user exists.
 * @throws Overloaded
 */
export function createAuthenticate (
  { users, decoys, throttle, refusesPassword, events, newDevice }: Dependencies
): Authenticate {
  async function check ({ user, decoy }: FoundForLogin, password: string) {
    const isRight = await users.verify(user, password)
    // Whichever of their identifiers was entered. It takes the right password to notice the time of this
    if (isRight && user && refusesPassword?.(await users.identifiers(user.id))) return null
    if (isRight && user && !user.disabled) return { userId: user.id, passwordStamp: user.passwordStamp, missing: user.missing }
    // After the password of the user, so that nobody is kept out
    if (!decoy || !decoys?.matches(decoy, password)) return null
    return { userId: NO_USER, passwordStamp: 0, missing: EMAIL_VERIFICATION, entered: decoy.address }
  }

  function tellFailure (user: User | null, reason: LoginFailure, caller: Caller): void {
    events.emit('login.failed', { userId: user?.id ?? null, clientId: caller.clientId ?? null, reason, ...originOf(caller) })
  }

  return async (candidates, password, caller) => {
    let user: User | null = null
    try {
      const attempt = throttle.login(candidates, caller)
      const found = candidates.length > 0 && refusesPassword?.(candidates) !== true ? await users.findForLogin(candidates) : UNKNOWN
      user = found.user
      const signedIn = await attempt.guard(user?.id ?? null)(() => check(found, password))
      if (!signedIn || signedIn.userId === NO_USER) {
        tellFailure(user, reasonFor(user), caller)
        return signedIn && { ...signedIn, device: undefined, notices: [] }
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
