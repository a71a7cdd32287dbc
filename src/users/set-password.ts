import type { FieldError } from '../http/field-errors.ts'
import type { PasswordPolicy } from '../passwords/policy.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { PasswordChangedNotice } from './notices.ts'
import type { Users } from './ports.ts'

/**
 * @returns field errors, empty when the password is set; null when there is no such user that may log in
 * @throws Overloaded
 */
export type SetPassword = (userId: string, password: string) => Promise<FieldError[] | null>

type Dependencies = {
  users: Pick<Users, 'findById' | 'setPassword'>
  passwordPolicy: PasswordPolicy
  passwordChanged: PasswordChangedNotice
  outbox: Pick<OutboxWrites, 'write'>
}

const TRIES = 3

/** The operator sets a password: the old one is not required, every session ends, and the user is told by mail. */
export function createSetPassword ({ users, passwordPolicy, passwordChanged, outbox }: Dependencies): SetPassword {
  return async (userId, password) => {
    const weaknesses = await passwordPolicy.check(password)
    if (weaknesses.length > 0) return weaknesses
    const notice = await passwordChanged({ userId })
    for (let tries = 0; tries < TRIES; tries++) {
      const user = await users.findById(userId)
      if (!user || user.disabled) return null
      // A concurrent change must not override the operator's
      const changed = await users.setPassword(
        { userId, password, passwordStamp: user.passwordStamp, keepSession: null },
        (transaction) => outbox.write(notice, transaction)
      )
      if (changed) return []
    }
    return null
  }
}
