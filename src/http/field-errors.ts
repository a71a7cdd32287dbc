import type { RedirectUriProblem } from '../clients/redirect-uri.ts'
import type { CharacterKind } from '../passwords/policy.ts'

/** The possible errors of a field, with the numbers and names they mention; null where there are none. */
export type FieldErrorDetails = {
  required: null
  /** None of several fields was sent, of which one is required. */
  one_required: { others: string[] }
  /** More than one was sent of several fields with the same meaning. */
  one_too_many: null
  empty: null
  /** A message of a schema or of the protocol, passed on as it is. */
  invalid: { message: string }
  too_short: { min: number }
  too_long: { max: number, unit: 'bytes' | 'characters' }
  /** The profile has no such field. */
  unknown_field: null
  /** The fields of the profile together. */
  too_large: { max: number }
  /** Contains characters that are invisible, or that rearrange the text around them. */
  unseen_characters: null
  nothing_visible: null
  /** Is not a value of the attributes it was sent for. */
  malformed: { expected: string[] }
  /** The same, for a phone number that may be valid in some country. */
  country_missing: { expected: string[] }
  /** Could also be a value of another attribute. */
  ambiguous: { attribute: string, title: string }
  taken: null
  /** Whoever has this address logs in at a provider, at this path, and has no password here. */
  at_provider: { provider: string, path: string }
  /** The terms, without which nobody registers. */
  not_accepted: null
  /** The host refuses the registration, in its own words. */
  refused: { reason: string }
  /** Is another address than the one that was invited. */
  not_invited: null
  /** A password without a kind of characters that it must contain. */
  characters_missing: { kind: CharacterKind }
  common_password: null
  /** Stands in the operator's list of leaked passwords. */
  breached_password: null
  wrong_password: null
  /** Of a second factor. */
  wrong_code: null
  /** A credential that does not fit the options, or is none. */
  bad_passkey: null
  changed_meanwhile: null
  last_identifier: null
  changed_often: null
  /** Is not one of the configured addresses. */
  not_configured: null
  /** A one-time token that is not valid, whatever is wrong with it. */
  bad_token: null
  /** A password that was repeated differently. */
  unconfirmed: null
  nothing_to_change: { fields: string[] }
  like_brand: { brand: string }
  redirects_invalid: null
  redirect_uri: { uri: string, problem: RedirectUriProblem }
  unknown_scopes: { scopes: string[] }
  not_offered: null
  /** One of several fields of which exactly one may be sent. */
  surplus: { of: string[] }
  /** Is not accepted of this provider; `send` names what is. */
  unsupported: { send: string[] }
  /** Belongs to an id token, and none was or will be sent. */
  no_id_token: null
  too_many: { of: 'clients' | 'tokens', max: number }
}

export type FieldErrorCode = keyof FieldErrorDetails

/** A code, with its details where it has any. */
export type FieldError = {
  [Code in FieldErrorCode]: FieldErrorDetails[Code] extends null ? Code : { code: Code } & FieldErrorDetails[Code]
}[FieldErrorCode]

/** The errors by field. Their texts are in src/views/texts: those of the API, and those of the pages by language. */
export type FieldErrors = Record<string, FieldError[]>
