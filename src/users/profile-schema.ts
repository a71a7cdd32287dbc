import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ConfigError } from '../config/config-error.ts'
import { boundedPattern } from '../runtime/bounded-pattern.ts'

export type ProfileValue = string | number | boolean

/** A member of `users.profile` that the operator has defined by the option `profile`. */
export type ProfileField = {
  name: string
  /** `choice`: one of `choices`. */
  kind: 'string' | 'number' | 'integer' | 'boolean' | 'choice'
  choices: readonly ProfileValue[]
  isRequired: boolean
  schema: TSchema & Keywords
  errors: (value: unknown) => { keyword: string, params: object, message: string }[]
}

type Keywords = {
  type?: unknown, enum?: unknown, anyOf?: unknown, const?: unknown
  title?: string, description?: string, format?: string, pattern?: string | RegExp
  minLength?: number, maxLength?: number, minimum?: number, maximum?: number
}

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
/** Everything else about an object would be a rule between members, which two changes at once could break together. */
const OBJECT_KEYWORDS = new Set(['type', 'properties', 'required', 'additionalProperties', 'title', 'description', 'examples', '$id', '$schema'])
const MEMBER = 'must be a string, a number, an integer, a boolean, or an enum or union of literals, such as Type.String()'
/** Characters of a text with a `format` or `pattern`: some formats take time that grows with the square of the length. */
const MAX_CHECKED = 2048
const SIMPLE = ['string', 'number', 'integer', 'boolean'] as const

const TOO_LONG = { keyword: 'maxLength', params: { limit: MAX_CHECKED }, message: `must not have more than ${MAX_CHECKED} characters` }

/** @throws ConfigError for what is no flat object, with what to write instead */
export function readProfileSchema (schema: unknown): ProfileField[] {
  const { type, properties = {}, required = [], additionalProperties = false } = isObject(schema)
    ? schema as { type?: unknown, properties?: Record<string, unknown>, required?: readonly string[], additionalProperties?: unknown }
    : {}
  if (!isObject(schema) || type !== 'object' || !isObject(properties) || Object.keys(properties).length === 0) {
    refuse('profile', 'must be an object schema with at least one member, such as Type.Object({ company: Type.Optional(Type.String()) })')
  }
  if (additionalProperties !== false) refuse('profile', 'cannot have additionalProperties: name each member, since others are refused')
  const other = Object.keys(schema).find((keyword) => !OBJECT_KEYWORDS.has(keyword))
  if (other !== undefined) refuse('profile', `cannot have ${other}: give each member its own rules`)
  return Object.entries(properties).map(([name, member]) => readField(name, member, required.includes(name)))
}

function readField (name: string, member: unknown, isRequired: boolean): ProfileField {
  const where = `profile.${name}`
  if (!NAME.test(name) || name in Object.prototype) {
    refuse(where, 'is not a possible name; choose another that starts with a letter and has up to 64 letters, digits and underscores')
  }
  if (!isObject(member)) refuse(where, MEMBER)
  const schema = member as ProfileField['schema']
  const choices = choicesOf(schema)
  const kind = choices ? 'choice' : SIMPLE.find((simple) => simple === schema.type)
  if (!kind) refuse(where, MEMBER)
  if (choices && (choices.length === 0 || choices.includes('') || new Set(choices.map(String)).size < choices.length)) {
    refuse(where, 'must have choices that differ as texts, and none that is empty')
  }
  return { name, kind, choices: choices ?? [], isRequired, schema, errors: compile(where, schema) }
}

function compile (where: string, { pattern, ...schema }: ProfileField['schema']): ProfileField['errors'] {
  try {
    const validator = Compile(schema)
    validator.Check('')
    const matches = pattern === undefined ? () => true : boundedPattern(pattern)
    const isLong = (text: string) => (pattern !== undefined || schema.format !== undefined) && text.length > MAX_CHECKED
    return (value) => {
      if (typeof value === 'string' && isLong(value)) return [TOO_LONG]
      if (!validator.Check(value)) return validator.Errors(value)
      return typeof value === 'string' && !matches(value) ? [{ keyword: 'pattern', params: {}, message: `must match pattern "${String(pattern)}"` }] : []
    }
  } catch (cause) {
    return refuse(where, `is not a TypeBox schema: ${(cause as Error).message}`)
  }
}

/** @returns undefined for what is no enum and no union of literals */
function choicesOf (schema: Keywords): ProfileValue[] | undefined {
  const members = Array.isArray(schema.anyOf) ? schema.anyOf.map((one) => isObject(one) ? (one as Keywords).const : undefined) : undefined
  const given = schema.const === undefined ? (Array.isArray(schema.enum) ? schema.enum as unknown[] : members) : [schema.const]
  return given?.every((one) => ['string', 'number', 'boolean'].includes(typeof one)) ? given as ProfileValue[] : undefined
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse (name: string, message: string): never {
  throw new ConfigError([{ name, message }])
}
