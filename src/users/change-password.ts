import { originOf, type Events } from '../events/events.ts'
import type { FieldErrors } from '../http/field-errors.ts'
import type { Caller } from '../oauth/ports.ts'
import type { PasswordPolicy } from '../passwords/policy.ts'
import type { Users } from './ports.ts'
import type { VerifyCurrentPassword } from './current-password.ts'

export type ChangePassword = (
  change: { userId: string, sessionId: string, current: string, next: string, caller?: Caller }
) => Promise<FieldErrors | null>

type Dependencies = {
  users: Pick<Users, 'findById' | 'setPassword'>
  passwordPolicy: PasswordPolicy
  verifyCurrent: VerifyCurrentPassword
  events: Pick<Events, 'emit'>
}

/**
 * Ends the other sessions.
 * @returns field errors, or null on success
 * @throws Overloaded, TooManyAttempts
 */
export function createChangePassword ({ users, passwordPolicy, verifyCurrent, events }: Dependencies): ChangePassword {
  return async ({ userId, sessionId, current, next, caller }) => {
    const user = await users.findById(userId)
    const isCurrent = await verifyCurrent({ userId, sessionId, user, password: current })
    if (!user || !isCurrent) return { current_password: ['wrong_password'] }
    const weaknesses = await passwordPolicy.check(next)
    if (weaknesses.length > 0) return { new_password: weaknesses }
    const changed = await users.setPassword({ userId, password: next, passwordStamp: user.passwordStamp, keepSession: sessionId })
    if (!changed) return { current_password: ['changed_meanwhile'] }
    events.emit('password.changed', { userId, ...originOf(caller) })
    return null
  }
}
