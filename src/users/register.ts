import { MAX_USER_NAME, readName } from '../names/name.ts'
import { SAME_FORM, type FormId } from '../crypto/form-secrets.ts'
import type { FieldError, FieldErrors } from '../http/field-errors.ts'
import { HttpError } from '../http/http-error.ts'
import { hashSecret } from '../crypto/secrets.ts'
import { originOf, type Events } from '../events/events.ts'
import type { Authenticate, Caller, SignedIn } from '../oauth/ports.ts'
import { ambiguousWith, type Attributes, type Identifier } from './attributes.ts'
import { notOneOf, requiredErrors } from './login-candidates.ts'
import type { PasswordPolicy } from '../passwords/policy.ts'
import type { Profile, Users } from './ports.ts'

/** `again`: the same form created this user a moment ago, and its sender has proven the password. */
export type Registration = { user: Profile, again?: SignedIn, errors?: never } | { user?: never, again?: never, errors: FieldErrors }

/** `caller` is for the audit log; `form` identifies a form of our page. */
export type Register = (body: Record<string, unknown>, caller?: Caller, form?: FormId) => Promise<Registration>

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'profile' | 'taken' | 'madeByForm' | 'create'>
  passwordPolicy: PasswordPolicy
  /** When there are forms. */
  authenticate?: Authenticate
  /** Nobody registers without an invitation. */
  invitationOnly?: boolean
  /** None for the command line and for tests. */
  events?: Pick<Events, 'emit'>
}

/**
 * Creates a user with a password and at least one attribute; attributes are top-level properties of the body. Submitting the same form
 * twice is one registration.
 * @throws Overloaded, TooManyAttempts, HttpError LK_INVITATION_REQUIRED
 */
export function createRegister (
  { attributes, users, passwordPolicy, authenticate, invitationOnly = false, events }: Dependencies
): Register {
  /**
   * Repeating a registration requires the browser, the form and the password; none of them is sufficient alone. The password is verified
   * and counted as in a login.
   */
  async function madeBefore (
    form: Uint8Array | undefined,
    identifiers: Identifier[],
    password: string,
    caller: Caller | undefined
  ): Promise<Registration | null> {
    const [identifier] = identifiers
    if (!form || !identifier || !caller || !authenticate || !await users.madeByForm(identifier, form, SAME_FORM)) return null
    const known = await authenticate([identifier], password, caller)
    const user = known && await users.profile(known.userId)
    return user && { user, again: { userId: user.id, passwordStamp: known.passwordStamp } }
  }

  return async (body, caller, form) => {
    if (invitationOnly) throw new HttpError('LK_INVITATION_REQUIRED')
    const { identifiers, errors } = identifiersFrom(attributes, body)
    const password = String(body['password'] ?? '')
    const weaknesses = password === '' ? ['required' as const] : await passwordPolicy.check(password)
    if (weaknesses.length > 0) errors['password'] = weaknesses
    const { name = null, problem } = readUserName(body['name'])
    if (problem !== undefined) errors['name'] = [problem]
    if (Object.keys(errors).length > 0) return { errors }
    const madeByForm = form && hashOf(form, name, identifiers)
    const taken = await users.taken(identifiers)
    if (taken.length > 0) return await madeBefore(madeByForm, identifiers, password, caller) ?? { errors: takenErrors(taken) }

    const user = await users.create({ name, password, identifiers, madeByForm })
    if (!user) return await madeBefore(madeByForm, identifiers, password, caller) ?? { errors: takenErrors(await users.taken(identifiers)) }
    events?.emit('user.registered', { userId: user.id, ...originOf(caller) })
    return { user }
  }
}

/** Identifies a form with what was entered in it, but for the password. */
function hashOf (form: FormId, name: string | null, identifiers: Identifier[]): Uint8Array {
  const entered = identifiers.map(({ attribute, value }) => [attribute, value])
  return hashSecret(JSON.stringify([Buffer.from(form).toString('base64url'), name, ...entered]))
}

/** The name is optional: an empty one is treated as absent. */
export function readUserName (given: unknown): { name: string | null, problem?: never } | { name?: never, problem: FieldError } {
  return typeof given === 'string' && given.trim() !== '' ? readName(given, MAX_USER_NAME) : { name: null }
}

function identifiersFrom (attributes: Attributes, body: Record<string, unknown>): { identifiers: Identifier[], errors: FieldErrors } {
  const given = attributes.filter(({ name }) => body[name] !== undefined && body[name] !== null && body[name] !== '')
  return given.length === 0 ? { identifiers: [], errors: requiredErrors(attributes) } : readIdentifiers(attributes, given, body)
}

/** The identifiers in `given`, normalized; a value that could also belong to another attribute is refused. */
export function readIdentifiers (
  attributes: Attributes,
  given: Attributes,
  body: Record<string, unknown>
): { identifiers: Identifier[], errors: FieldErrors } {
  const errors: FieldErrors = {}
  const identifiers = given.flatMap((attribute) => {
    const { name } = attribute
    const identifier = attribute.parse(body[name])
    const other = identifier && ambiguousWith(attributes, identifier)
    if (!identifier) errors[name] = [notOneOf([attribute], body[name])]
    else if (other) errors[name] = [{ code: 'ambiguous', attribute: other.name, title: other.title }]
    return identifier ?? []
  })
  return { identifiers, errors }
}

export function takenErrors (names: string[]): FieldErrors {
  return Object.fromEntries(names.map((name) => [name, ['taken']]))
}
