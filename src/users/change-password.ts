import { originOf, type Events } from '../events/events.ts'
import type { FieldErrors } from '../http/field-errors.ts'
import type { Caller } from '../oauth/ports.ts'
import type { PasswordPolicy } from '../passwords/policy.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { Preferences } from '../verification/recipient.ts'
import type { PasswordChangedNotice } from './notices.ts'
import { refusalFor, type PasswordRefusal } from './password-refusal.ts'
import type { Users } from './ports.ts'
import type { VerifyCurrentPassword } from './current-password.ts'

export type ChangePassword = (
  change: {
    userId: string
    sessionId: string
    current: string
    next: string
    /** Of the login, which stands in for the password of a user who has none. */
    authTime?: Date | null
    caller?: Caller
    preferences?: Preferences
  }
) => Promise<FieldErrors | null>

type Dependencies = {
  users: Pick<Users, 'findById' | 'hasPassword' | 'setPassword' | 'identifiers'>
  passwordPolicy: PasswordPolicy
  /** Where a provider is required. */
  passwordRefusal?: PasswordRefusal | undefined
  verifyCurrent: VerifyCurrentPassword
  isRecent: (authTime: Date | null) => boolean
  events: Pick<Events, 'emit'>
  passwordChanged: PasswordChangedNotice
  outbox: Pick<OutboxWrites, 'write'>
}

/**
 * Ends the other sessions, and tells the user by mail.
 * @returns field errors, or null on success
 * @throws Overloaded, TooManyAttempts
 */
export function createChangePassword (
  { users, passwordPolicy, passwordRefusal, verifyCurrent, isRecent, events, passwordChanged, outbox }: Dependencies
): ChangePassword {
  return async ({ userId, sessionId, current, next, authTime = null, caller, preferences }) => {
    const refusal = await refusalFor(passwordRefusal, users, userId)
    if (refusal) return { new_password: [refusal] }
    const user = await users.findById(userId)
    // One that is set meanwhile changes the user, so that this change is refused
    const isCurrent = await users.hasPassword(userId)
      ? await verifyCurrent({ userId, sessionId, user, password: current })
      : isRecent(authTime)
    if (!user || !isCurrent) return { current_password: ['wrong_password'] }
    const weaknesses = await passwordPolicy.check(next)
    if (weaknesses.length > 0) return { new_password: weaknesses }
    const notice = await passwordChanged({ userId, caller, preferences })
    const changed = await users.setPassword(
      { userId, password: next, passwordStamp: user.passwordStamp, keepSession: sessionId },
      (transaction) => outbox.write(notice, transaction)
    )
    if (!changed) return { current_password: ['changed_meanwhile'] }
    events.emit('password.changed', { userId, ...originOf(caller) })
    return null
  }
}
