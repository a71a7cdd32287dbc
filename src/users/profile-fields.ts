import type { FieldError, FieldErrors } from '../http/field-errors.ts'
import { readProfileSchema, type ProfileField, type ProfileValue } from './profile-schema.ts'

/** What the operator has defined, of a user. */
export type ProfileData = Record<string, ProfileValue>

/** Members to write, and to remove. */
export type ProfilePatch = { given: ProfileData, removed: string[] }

export type ProfileFields = {
  fields: readonly ProfileField[]
  /**
   * Checks each member that is given; null removes one.
   * @returns `patch` is undefined when there is none
   */
  read: (given: unknown) => { patch?: ProfilePatch, errors: FieldErrors }
  /** What is stored after a patch. Members of earlier schemas stay, and are not checked. */
  apply: (stored: Record<string, unknown>, patch: ProfilePatch) => { profile: Record<string, unknown>, errors: FieldErrors }
  /** The members that fit the schema of today. */
  shown: (stored: Record<string, unknown>) => ProfileData
  /** The member `profile` of a request, from the fields `profile.<name>` of a form. */
  fromForm: (form: Record<string, string | undefined>) => Record<string, ProfileValue | null>
}

/** Bytes of a profile as JSON. */
export const MAX_PROFILE = 16_384

/** Where a form and an error name a member. */
export const fieldOf = (name: string): string => `profile.${name}`

// Controls and lone surrogates: a field is one line, and jsonb has neither U+0000 nor halves of characters
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u

/** @throws ConfigError for a schema that cannot be used */
export function createProfileFields (schema: unknown): ProfileFields {
  const fields = readProfileSchema(schema)
  const byName = new Map(fields.map((field) => [field.name, field]))

  const read: ProfileFields['read'] = (given) => {
    if (given === undefined) return { errors: {} }
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return { errors: { profile: [{ code: 'malformed', expected: ['object'] }] } }
    const patch: ProfilePatch = { given: {}, removed: [] }
    const errors: FieldErrors = {}
    for (const [name, value] of Object.entries(given) as [string, unknown][]) {
      const field = byName.get(name)
      const wrong = field ? wrongOf(field, value) : ['unknown_field' as const]
      if (wrong.length > 0) errors[fieldOf(name)] = wrong
      else if (value === null) patch.removed.push(name)
      else patch.given[name] = value as ProfileValue
    }
    return Object.keys(errors).length > 0 ? { errors } : { patch, errors }
  }

  const apply: ProfileFields['apply'] = (stored, { given, removed }) => {
    const profile = Object.fromEntries(Object.entries({ ...stored, ...given }).filter(([name]) => !removed.includes(name)))
    const missing = fields.filter((field) => field.isRequired && !fits(field, profile[field.name]))
    const errors: FieldErrors = Object.fromEntries(missing.map(({ name }) => [fieldOf(name), ['required' as const]]))
    if (Buffer.byteLength(JSON.stringify(profile)) > MAX_PROFILE) errors['profile'] = [{ code: 'too_large', max: MAX_PROFILE }]
    return { profile, errors }
  }

  const shown: ProfileFields['shown'] = (stored) => Object.fromEntries(fields.flatMap((field) => {
    const value = Object.hasOwn(stored, field.name) ? stored[field.name] : undefined
    return fits(field, value) ? [[field.name, value as ProfileValue]] : []
  }))

  const fromForm: ProfileFields['fromForm'] = (form) => Object.fromEntries(fields.map((field) => [field.name, typed(field, form[fieldOf(field.name)])]))

  return { fields, read, apply, shown, fromForm }
}

function wrongOf (field: ProfileField, value: unknown): FieldError[] {
  if (value === null) return field.isRequired ? ['required'] : []
  if (typeof value === 'string' && UNSTORABLE.test(value)) return ['unseen_characters']
  const found = field.errors(value)
  if (field.kind === 'choice' && found.length > 0) return ['not_offered']
  return found.map(({ keyword, params, message }) => {
    const { limit } = params as { limit: number }
    if (keyword === 'minLength') return limit === 1 ? 'empty' : { code: 'too_short', min: limit }
    return keyword === 'maxLength' ? { code: 'too_long', max: limit, unit: 'characters' } : { code: 'invalid', message }
  })
}

const fits = ({ errors }: ProfileField, value: unknown): boolean => value !== undefined && errors(value).length === 0

/** A box that is not checked is not sent; an empty field removes what was there. */
function typed ({ kind, choices }: ProfileField, text: string = ''): ProfileValue | null {
  const value = text.trim()
  if (kind === 'boolean') return value !== ''
  if (value === '') return null
  if (kind === 'choice') return choices.find((choice) => String(choice) === value) ?? value
  return kind === 'string' || Number.isNaN(Number(value)) ? value : Number(value)
}
