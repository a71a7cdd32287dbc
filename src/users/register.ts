import { MAX_USER_NAME, readName } from '../names/name.ts'
import type { Caller } from '../oauth/ports.ts'
import { ambiguousWith, type Attributes, type Identifier } from './attributes.ts'
import { notOneOf, requiredErrors, requiredMessage, withArticle } from './login-candidates.ts'
import type { PasswordPolicy } from './password-policy.ts'
import type { Passwords } from './passwords.ts'
import type { Profile, Users } from './ports.ts'

/** Messages per field. */
export type FieldErrors = Record<string, string[]>

export type Registration = { user: Profile, errors?: never } | { user?: never, errors: FieldErrors }

/** `caller` is for the audit log. */
export type Register = (body: Record<string, unknown>, caller?: Caller) => Promise<Registration>

type Dependencies = { attributes: Attributes, users: Users, passwords: Passwords, policy: PasswordPolicy }

/** Makes a user from attributes that stand flat in the body, at least one, with a password. @throws Overloaded */
export function createRegister ({ attributes, users, passwords, policy }: Dependencies): Register {
  return async (body) => {
    const { identifiers, errors } = identifiersFrom(attributes, body)
    const password = String(body['password'] ?? '')
    const weaknesses = password === '' ? [requiredMessage('password')] : await policy.check(password)
    if (weaknesses.length > 0) errors['password'] = weaknesses
    const { name = null, problem } = readUserName(body['name'])
    if (problem !== undefined) errors['name'] = [problem]
    if (Object.keys(errors).length === 0) Object.assign(errors, takenErrors(await users.taken(identifiers)))
    if (Object.keys(errors).length > 0) return { errors }

    const user = await users.create({ name, passwordHash: await passwords.hash(password), identifiers })
    return user ? { user } : { errors: takenErrors(await users.taken(identifiers)) }
  }
}

/** A name may be left out: what is empty is none. */
export function readUserName (given: unknown): { name: string | null, problem?: never } | { name?: never, problem: string } {
  return typeof given === 'string' && given.trim() !== '' ? readName(given, MAX_USER_NAME) : { name: null }
}

function identifiersFrom (attributes: Attributes, body: Record<string, unknown>): { identifiers: Identifier[], errors: FieldErrors } {
  const given = attributes.filter(({ name }) => body[name] !== undefined && body[name] !== null && body[name] !== '')
  return given.length === 0 ? { identifiers: [], errors: requiredErrors(attributes) } : readIdentifiers(attributes, given, body)
}

/** Those of `given`, normalised; a value that another attribute could also mean is refused. */
export function readIdentifiers (attributes: Attributes, given: Attributes, body: Record<string, unknown>): { identifiers: Identifier[], errors: FieldErrors } {
  const errors: FieldErrors = {}
  const identifiers = given.flatMap((attribute) => {
    const { name } = attribute
    const identifier = attribute.parse(body[name])
    const other = identifier && ambiguousWith(attributes, identifier)
    if (!identifier) errors[name] = [notOneOf([attribute], body[name])]
    else if (other) errors[name] = [`could also be taken for ${withArticle(other.title)}; choose another, or send it as ${other.name}`]
    return identifier ?? []
  })
  return { identifiers, errors }
}

export function takenErrors (names: string[]): FieldErrors {
  return Object.fromEntries(names.map((name) => [name, [`The ${name} has already been taken.`]]))
}

/** For who has no fields to show them at. */
export function errorSentence (errors: FieldErrors): string {
  return Object.entries(errors).map(([field, messages]) => messages.map((message) => message.startsWith('The ') ? message : `${field} ${message}`).join('; ')).join('; ')
}
