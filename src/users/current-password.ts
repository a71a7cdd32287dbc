import type { Throttle } from '../throttle/throttle.ts'
import type { User, Users } from './ports.ts'

type Attempt = { userId: string, sessionId: string, user: User | null, password: string }

/**
 * Checks the current password of a user who is logged in, before a change that needs it. Wrong ones are counted by session and by user.
 * @throws Overloaded, TooManyAttempts
 */
export type VerifyCurrentPassword = (attempt: Attempt) => Promise<boolean>

type Dependencies = { users: Pick<Users, 'verify'>, throttle: Pick<Throttle, 'currentPassword'> }

export function createVerifyCurrentPassword ({ users, throttle }: Dependencies): VerifyCurrentPassword {
  return async ({ userId, sessionId, user, password }) => {
    // The throttle takes an attempt back unless the check returns null
    const check = async () => await users.verify(user, password) || null
    return await throttle.currentPassword(userId, sessionId)(check) === true
  }
}
