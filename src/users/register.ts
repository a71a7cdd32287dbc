import { MAX_USER_NAME, readName } from '../names/name.ts'
import { SAME_FORM, type FormId } from '../crypto/form-secrets.ts'
import type { FieldError, FieldErrors } from '../http/field-errors.ts'
import { hashSecret } from '../crypto/secrets.ts'
import type { Authenticate, Caller, SignedIn } from '../oauth/ports.ts'
import { ambiguousWith, type Attributes, type Identifier } from './attributes.ts'
import { notOneOf, requiredErrors } from './login-candidates.ts'
import type { PasswordPolicy } from '../passwords/policy.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { Profile, Users } from './ports.ts'

/** `again`: it was made by the same form a moment ago, and who sends it has logged in with the password. */
export type Registration = { user: Profile, again?: SignedIn, errors?: never } | { user?: never, again?: never, errors: FieldErrors }

/** `caller` is for the audit log; `form` tells a form of our page from every other. */
export type Register = (body: Record<string, unknown>, caller?: Caller, form?: FormId) => Promise<Registration>

type Dependencies = {
  attributes: Attributes, users: Users, passwords: Passwords, policy: PasswordPolicy, /** Where there are forms. */
  authenticate?: Authenticate
}

/**
 * Makes a user from attributes that stand flat in the body, at least one, with a password. The same form sent twice is one registration.
 * @throws Overloaded, TooManyAttempts
 */
export function createRegister ({ attributes, users, passwords, policy, authenticate }: Dependencies): Register {
  /**
   * Whoever sends it again has the browser, the form and the password: nothing of that is enough alone. The password counts as at a login,
   * wrong ones too.
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
    const { identifiers, errors } = identifiersFrom(attributes, body)
    const password = String(body['password'] ?? '')
    const weaknesses = password === '' ? ['required' as const] : await policy.check(password)
    if (weaknesses.length > 0) errors['password'] = weaknesses
    const { name = null, problem } = readUserName(body['name'])
    if (problem !== undefined) errors['name'] = [problem]
    if (Object.keys(errors).length > 0) return { errors }
    const madeByForm = form &&
      hashSecret(
        JSON.stringify([Buffer.from(form).toString('base64url'), name, ...identifiers.map(({ attribute, value }) => [attribute, value])])
      )
    const taken = await users.taken(identifiers)
    if (taken.length > 0) return await madeBefore(madeByForm, identifiers, password, caller) ?? { errors: takenErrors(taken) }

    const user = await users.create({ name, passwordHash: await passwords.hash(password), identifiers, madeByForm })
    return user
      ? { user }
      : await madeBefore(madeByForm, identifiers, password, caller) ?? { errors: takenErrors(await users.taken(identifiers)) }
  }
}

/** A name may be left out: what is empty is none. */
export function readUserName (given: unknown): { name: string | null, problem?: never } | { name?: never, problem: FieldError } {
  return typeof given === 'string' && given.trim() !== '' ? readName(given, MAX_USER_NAME) : { name: null }
}

function identifiersFrom (attributes: Attributes, body: Record<string, unknown>): { identifiers: Identifier[], errors: FieldErrors } {
  const given = attributes.filter(({ name }) => body[name] !== undefined && body[name] !== null && body[name] !== '')
  return given.length === 0 ? { identifiers: [], errors: requiredErrors(attributes) } : readIdentifiers(attributes, given, body)
}

/** Those of `given`, normalized; a value that another attribute could also mean is refused. */
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
