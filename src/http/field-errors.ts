import type { RedirectUriProblem } from '../clients/redirect-uri.ts'
import { apiMessages } from '../views/texts/field-errors.ts'
import { HttpError } from './http-error.ts'

/** What may be wrong with a field, and the numbers and names that belong to it; null where the code says it all. */
export type FieldErrorDetails = {
  required: null
  /** None of several was sent, of which one is needed. */
  one_required: { others: string[] }
  /** Of several that mean the same more than one was sent. */
  one_too_many: null
  empty: null
  /** What a schema says, or the protocol: in their own words. */
  invalid: { message: string }
  too_short: { min: number }
  too_long: { max: number, unit: 'bytes' | 'characters' }
  /** Holds what is not shown, or moves what stands around it. */
  unseen_characters: null
  nothing_visible: null
  /** Is no value of the attributes that it is for. */
  malformed: { expected: string[] }
  /** The same, of a phone number that may be one in some country. */
  country_missing: { expected: string[] }
  /** Could also be a value of another attribute. */
  ambiguous: { attribute: string, title: string }
  taken: null
  common_password: null
  wrong_password: null
  changed_meanwhile: null
  last_identifier: null
  nothing_to_change: { fields: string[] }
  like_brand: { brand: string }
  redirects_invalid: null
  redirect_uri: { uri: string, problem: RedirectUriProblem }
  unknown_scopes: { scopes: string[] }
  not_offered: null
  too_many: { of: 'clients' | 'tokens', max: number }
}

export type FieldErrorCode = keyof FieldErrorDetails

/** A code; with what belongs to it, where something does. */
export type FieldError = {
  [Code in FieldErrorCode]: FieldErrorDetails[Code] extends null ? Code : { code: Code } & FieldErrorDetails[Code]
}[FieldErrorCode]

/** What is wrong, by field. The words are in src/views/texts: those of the API, and those of the pages by language. */
export type FieldErrors = Record<string, FieldError[]>

/**
 * The one 422: what is wrong with each field, in the words of the API.
 * @param more.message in place of what the code says; `more.named` gives the name that a field has in the body
 */
export function unprocessable (
  errors: FieldErrors,
  { message, named }: { message?: string, named?: (field: string) => string } = {}
): HttpError {
  const messages = Object.entries(apiMessages(errors))
  return new HttpError('LK_VALIDATION', {
    errors: Object.fromEntries(named ? messages.map(([field, texts]) => [named(field), texts]) : messages),
    ...(message !== undefined && { message })
  })
}
