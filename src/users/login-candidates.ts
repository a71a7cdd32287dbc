import type { FieldError, FieldErrors } from '../http/field-errors.ts'
import { candidatesFor, type Attributes, type Identifier } from './attributes.ts'

export type Candidates = {
  /** In configured order, without duplicates. */
  candidates: Identifier[]
  /** No login field was sent at all. */
  missing: boolean
  /** Errors for each field that is invalid or one too many. */
  errors: FieldErrors
}

/** A login: the identifiers that may be meant, and the parameters of the password grant. */
export type Login = { candidates: Identifier[], params: Record<string, string> }

/**
 * Reads the body of a login once. Other fields that the caller sends are not passed on.
 * @param prefix put before each login field in the body, as for `loginFields`
 * @returns errors by the names of the fields without the prefix; there are none when the password can be checked
 */
export function readLogin (
  { attributes, prefix }: { attributes: Attributes, prefix: string },
  body: Record<string, unknown>
): Login & { errors: FieldErrors } {
  const fields = loginFields(attributes, body, prefix)
  const { candidates, missing, errors: wrong } = candidatesFrom(attributes, fields)
  const { password, scope } = body
  const errors: FieldErrors = candidates.length > 0 ? {} : missing ? requiredErrors(attributes) : wrong
  if (typeof password !== 'string' || password === '') errors['password'] = ['required']
  return { candidates, params: { ...strings(fields), ...strings({ scope, password }) }, errors }
}

function strings (values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '')
  )
}

/**
 * The login fields of a body by name, including `username`; an empty string is treated as absent.
 * @param prefix put before each name in the body; a dot descends into an object
 */
export function loginFields (attributes: Attributes, body: Record<string, unknown>, prefix: string): Record<string, unknown> {
  const names = ['username', ...attributes.map(({ name }) => name)]
  const entries = names.map((name) => [name, read(body, prefix + name)] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''))
}

/**
 * The users that the login field of a request may identify. A field named after an attribute is looked up as that attribute only;
 * `username` means any configured attribute whose schema it satisfies.
 */
export function candidatesFrom (attributes: Attributes, fields: Record<string, unknown>): Candidates {
  const [name, ...others] = fieldsIn(attributes, fields)
  if (others.length > 0) return { candidates: [], missing: false, errors: tooMany([name!, ...others]) }
  if (name === undefined) return { candidates: [], missing: true, errors: {} }
  const meant = name === 'username' ? attributes : attributes.filter((attribute) => attribute.name === name)
  const candidates = candidatesFor(meant, fields[name])
  const errors: FieldErrors = candidates.length > 0 ? {} : { [name]: [notOneOf(meant, fields[name])] }
  return { candidates, missing: false, errors }
}

/**
 * A request has one login field: with two, the first that exists would be used, which would disclose whether it exists.
 * @returns an error for each of several fields
 */
export function surplusFields (attributes: Attributes, fields: Record<string, unknown>): FieldErrors | null {
  const given = fieldsIn(attributes, fields)
  return given.length > 1 ? tooMany(given) : null
}

function tooMany (given: string[]): FieldErrors {
  return Object.fromEntries(given.map((name) => [name, ['one_too_many']]))
}

function fieldsIn (attributes: Attributes, fields: Record<string, unknown>): string[] {
  return [...new Set(['username', ...attributes.map(({ name }) => name)])].filter((name) =>
    Object.hasOwn(fields, name) && fields[name] !== undefined
  )
}

/** Errors for a body without any login field. */
export function requiredErrors (attributes: Attributes): FieldErrors {
  const names = attributes.map(({ name }) => name)
  return Object.fromEntries(names.map((name) => {
    const others = names.filter((other) => other !== name)
    return [name, [others.length > 0 ? { code: 'one_required', others } : 'required']]
  }))
}

/** The error for a text that is not a value of any attribute. */
export function notOneOf (attributes: Attributes, text: unknown): FieldError {
  const national = attributes.some(({ lacks }) => lacks(text) === 'country')
  return { code: national ? 'country_missing' : 'malformed', expected: attributes.map(({ title }) => title) }
}

function read (body: Record<string, unknown>, path: string): unknown {
  let value: unknown = body
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}
