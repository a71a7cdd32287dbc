import type { FieldErrors } from '../http/field-errors.ts'
import type { Caller } from '../oauth/ports.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { PasswordPolicy } from '../passwords/policy.ts'
import { candidatesFor, type Attributes } from '../users/attributes.ts'
import type { PasswordChangedNotice } from '../users/notices.ts'
import { refusalFor, type PasswordRefusal } from '../users/password-refusal.ts'
import type { Proof, Users } from '../users/ports.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { OneTimeToken } from './ports.ts'
import type { Preferences } from './recipient.ts'
import type { Redemption } from './redemption.ts'

type Request = {
  token: string
  password: string
  /** A login identifier that must be the user's; a page of ours asks for none. */
  typed?: string | undefined
  caller: Caller
  preferences: Preferences
}

/** `badToken`: anything that is wrong with the token. */
type Outcome =
  | { proof: Proof, errors?: never, badToken?: never }
  | { errors: FieldErrors, badToken?: never }
  | { badToken: true, errors?: never }

export type NewPassword = {
  /** The token of a link, if it is valid; nothing changes. */
  find: (token: string) => Promise<OneTimeToken | null>
  /**
   * Sets a password by the token of a link. Every session ends, and the user is told by mail.
   * @throws Overloaded
   */
  set: (request: Request) => Promise<Outcome>
}

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'find' | 'identifiers'>
  passwordPolicy: PasswordPolicy
  /** Where a provider is required. */
  passwordRefusal?: PasswordRefusal | undefined
  tokens: Pick<OneTimeTokens, 'find'>
  redemption: Pick<Redemption, 'reset'>
  outbox: Pick<OutboxWrites, 'write'>
  passwordChanged: PasswordChangedNotice
}

export function createNewPassword (
  { attributes, users, passwordPolicy, passwordRefusal, tokens, redemption, outbox, passwordChanged }: Dependencies
): NewPassword {
  async function isTheirs ({ userId }: OneTimeToken, typed: string): Promise<boolean> {
    const user = await users.find(candidatesFor(attributes, typed))
    return user !== null && user.id === userId
  }

  const find: NewPassword['find'] = (token) => tokens.find(token, 'reset')

  const set: NewPassword['set'] = async ({ token, password, typed, caller, preferences }) => {
    const found = await find(token)
    if (!found?.userId || (typed !== undefined && !await isTheirs(found, typed))) return { badToken: true }
    const refusal = await refusalFor(passwordRefusal, users, found.userId)
    if (refusal) return { errors: { password: [refusal] } }
    const weaknesses = await passwordPolicy.check(password)
    if (weaknesses.length > 0) return { errors: { password: weaknesses } }
    const notice = await passwordChanged({ userId: found.userId, caller, preferences, proven: found.attribute })
    const proof = await redemption.reset({ token, password, caller }, (transaction) => outbox.write(notice, transaction))
    return proof ? { proof } : { badToken: true }
  }

  return { find, set }
}
