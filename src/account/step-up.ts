import { isRecent } from './owner.ts'
import type { VerifyCurrentPassword } from '../users/current-password.ts'
import type { Users } from '../users/ports.ts'

type Attempt = {
  userId: string
  sessionId: string
  /** Of the login. */
  authTime: Date | null
  /** `current_password` of the request, which counts as a login of this moment. */
  password: string | undefined
}

/**
 * Whether a user may do something sensitive: with a recent login, or the password in the request.
 * @throws Overloaded, TooManyAttempts
 */
export type StepUp = (attempt: Attempt) => Promise<'proven' | 'too_old' | 'wrong_password'>

type Dependencies = { users: Pick<Users, 'findById'>, verifyCurrent: VerifyCurrentPassword, now: () => number }

export function createStepUp ({ users, verifyCurrent, now }: Dependencies): StepUp {
  return async ({ userId, sessionId, authTime, password }) => {
    if (password === undefined) return isRecent(authTime, now()) ? 'proven' : 'too_old'
    const user = await users.findById(userId)
    return await verifyCurrent({ userId, sessionId, user, password }) ? 'proven' : 'wrong_password'
  }
}
