import type { FieldErrors } from '../http/field-errors.ts'
import type { Authenticate, Caller } from '../oauth/ports.ts'
import type { AuthSession } from '../sessions/auth-sessions.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Link } from '../verification/links.ts'
import type { Preferences } from '../verification/recipient.ts'
import type { Attributes } from './attributes.ts'
import type { Users } from './ports.ts'
import { readIdentifiers } from './read-identifiers.ts'
import type { Register } from './register.ts'

type Correction = {
  /** Of the registration. */
  session: AuthSession
  address: string
  password: string
  caller: Caller
  preferences: Preferences
  link: Link
}

/**
 * `gone`: nothing waits any more. Without any of the `errors` the registration has ended, and people register again. With `authSession` a
 * mail is on its way to the new address, or to its owner.
 */
type Corrected = 'gone' | 'wrong_password' | { errors: FieldErrors, authSession?: never } | { authSession: string, errors?: never }

/**
 * Changes the address of a registration that waits for its verification. It is a new registration in place of the first one, whether or not
 * the first one has created a user: what either of them became shows in nothing, not even in the id or age of the account.
 * @throws Overloaded, TooManyAttempts
 */
export type CorrectAddress = (correction: Correction) => Promise<Corrected>

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'freeRegistration' | 'hasRegistration'>
  authenticate: Authenticate
  throttle: Pick<Throttle, 'identifierChange'>
  register: Register
  termsVersion: string | undefined
}

export function createCorrectAddress (
  { attributes, users, authenticate, throttle, register, termsVersion }: Dependencies
): CorrectAddress {
  return async ({ session: { userId, pending }, address, password, caller, preferences, link }) => {
    const { address: before, registration } = pending
    const attribute = attributes.find(({ name }) => name === before?.attribute)
    if (!before || !registration || !attribute) return 'gone'
    const { identifiers: [wanted], errors: wrong } = readIdentifiers(attributes, [attribute], { [attribute.name]: address })
    if (!wanted) return { errors: wrong }
    const { id, first, name, others, profile, locale } = registration
    await throttle.identifierChange(first)
    const known = await authenticate([before], password, caller)
    if (!known || (userId !== null && known.userId !== userId)) {
      // A correction that has ended the first registration may not have come to the second
      return await users.hasRegistration({ id, address: before }) ? 'wrong_password' : { errors: {} }
    }
    const body = {
      ...Object.fromEntries([...others, wanted].map(({ attribute, display }) => [attribute, display])),
      name, password, profile, terms_accepted: String(registration.termsVersion === termsVersion)
    }
    const free = () => users.freeRegistration({ id, userId, address: before, others })
    const { authSession, errors = {} } = await register(body, {
      caller, locale, link, preferences: { ...preferences, uiLocales: locale }, replaces: { first, free }
    })
    if (authSession !== undefined) return { authSession }
    return Object.keys(errors).length > 0 ? { errors } : 'gone'
  }
}
