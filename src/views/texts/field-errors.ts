import { MAX_REDIRECT_URI, type RedirectUriProblem } from '../../clients/redirect-uri.ts'
import type { CharacterKind } from '../../passwords/policy.ts'
import type { FieldError, FieldErrorCode, FieldErrorDetails, FieldErrors } from '../../http/field-errors.ts'
import type { FormErrors } from '../page.ts'
import type { Texts } from './en.ts'

/** The text of each code. */
type Words<Context> = { [Code in FieldErrorCode]: (details: FieldErrorDetails[Code], context: Context) => string }

/** Follows the URI. */
export const REDIRECT_URI: Record<RedirectUriProblem, string> = {
  too_long: `has more than ${MAX_REDIRECT_URI} characters`,
  not_absolute: 'is not an absolute URI',
  fragment: 'has a fragment',
  credentials: 'holds a user name or password',
  host: 'has a host with other signs than letters, digits, dots, dashes and underscores',
  insecure: 'is http on another host than this machine; use https',
  two_slashes: 'has two slashes after its scheme; use one, such as com.example.app:/callback',
  scheme: 'has a scheme that is not a reversed domain name, such as com.example.app:/callback (RFC 8252 section 7.1)'
}

/** Follows "must contain at least". */
const CHARACTERS: Record<CharacterKind, string> = {
  mixedCase: 'one uppercase and one lowercase letter', letters: 'one letter', symbols: 'one symbol', numbers: 'one number'
}

/**
 * Texts of the API, in English: they follow the name of the field, except for `SENTENCES`. Laravel's texts where it has some, since front
 * ends know them.
 */
const API: Words<string> = {
  required: (_, field) => `The ${spaced(field)} field is required.`,
  one_required: ({ others }, field) => `The ${spaced(field)} field is required when none of ${others.join(' / ')} are present.`,
  one_too_many: () => 'send only one login field',
  empty: () => 'must not be empty',
  invalid: ({ message }) => message,
  too_short: ({ min }) => `must have at least ${min} characters`,
  too_long: ({ max, unit }) => `must have at most ${max} ${unit}`,
  unknown_field: () => 'is not a field of the profile',
  too_large: ({ max }) => `has more than ${max} bytes in all; shorten a field`,
  unseen_characters: () => 'contains invisible, line-breaking or text-reordering characters',
  nothing_visible: () => 'has no visible characters',
  malformed: ({ expected }) => `must be ${expected.map(withArticle).join(' or ')}`,
  country_missing: ({ expected }) =>
    `must be ${expected.map(withArticle).join(' or ')}, such as +49 170 1234567; this number has no country code`,
  ambiguous: ({ attribute, title }) => `could also be taken for ${withArticle(title)}; choose another, or send it as ${attribute}`,
  at_provider: ({ provider, path }) => `Whoever has this address logs in with ${provider}, at ${path}, and has no password here.`,
  taken: (_, field) => `The ${field} has already been taken.`,
  not_accepted: (_, field) => `The ${spaced(field)} field must be accepted.`,
  refused: ({ reason }) => reason,
  not_invited: () => 'is not the address that was invited',
  characters_missing: ({ kind }, field) => `The ${spaced(field)} field must contain at least ${CHARACTERS[kind]}.`,
  common_password: () => 'is one of the most used passwords, which are tried first; choose another',
  breached_password: (_, field) =>
    `The given ${spaced(field)} has appeared in a data leak. Please choose a different ${spaced(field)}.`,
  wrong_password: () => 'is not your password',
  wrong_code: () => 'is wrong, or was used before',
  bad_passkey: () => 'is no passkey that was asked for here in the last 5 minutes',
  changed_meanwhile: () => 'was changed by another request; try again',
  last_identifier: () => 'is all that is left to log in with; add another first',
  changed_often: () => 'was changed too often recently; try again in a few weeks',
  not_configured: (_, field) => `The selected ${spaced(field)} is invalid.`,
  bad_token: () => 'This password reset token is invalid.',
  unconfirmed: (_, field) => `The ${spaced(field)} field confirmation does not match.`,
  nothing_to_change: ({ fields }) => `Send at least one of: ${fields.join(', ')}.`,
  like_brand: ({ brand }) => `is the name of this service, ${brand}, or looks like it; choose another`,
  redirects_invalid: () => 'One or more redirects have an invalid URI format.',
  redirect_uri: ({ uri, problem }) => `${uri} ${REDIRECT_URI[problem]}`,
  unknown_scopes: ({ scopes }) => `Unknown scopes: ${scopes.join(', ')}`,
  not_offered: () => 'is not one of the choices',
  surplus: ({ of }) => `send only one of ${of.join(', ')}`,
  unsupported: ({ send }) => `is not accepted here; send ${send.join(' or ')}`,
  no_id_token: () => 'belongs to an id token, and there is none; leave it out',
  too_many: ({ of, max }) => `There are ${max} ${of} already; ${of === 'clients' ? 'delete' : 'revoke'} one first.`
}

/** Codes whose texts name their subject themselves. */
const SENTENCES = new Set<FieldErrorCode>([
  'required', 'one_required', 'not_accepted', 'characters_missing', 'breached_password', 'taken', 'not_configured', 'bad_token', 'unconfirmed',
  'nothing_to_change', 'redirects_invalid', 'redirect_uri', 'unknown_scopes',
  'too_many', 'refused', 'at_provider'
])

const unclear = (_details: unknown, { invalid }: Texts['problems']) => invalid

/** Texts of the pages, in the visitor's language; errors that no form can cause have a general text. */
const PAGES: Words<Texts['problems']> = {
  required: (_, { missing }) => missing,
  one_required: (_, { oneNeeded }) => oneNeeded,
  one_too_many: unclear,
  empty: (_, { missing }) => missing,
  invalid: unclear,
  too_short: ({ min }, { passwordShort }) => passwordShort(min),
  too_long: ({ unit }, { passwordLong, invalid }) => unit === 'bytes' ? passwordLong : invalid,
  unknown_field: unclear,
  too_large: (_, { tooLarge }) => tooLarge,
  unseen_characters: unclear,
  nothing_visible: unclear,
  malformed: unclear,
  country_missing: (_, { phoneCountry }) => phoneCountry,
  ambiguous: unclear,
  at_provider: ({ provider }, { atProvider }) => atProvider(provider),
  taken: (_, { taken }) => taken,
  not_accepted: (_, { mustAccept }) => mustAccept,
  refused: ({ reason }) => reason,
  not_invited: (_, { notInvited }) => notInvited,
  characters_missing: ({ kind }, { passwordMixedCase, passwordLetter, passwordSymbol, passwordNumber }) =>
    ({ mixedCase: passwordMixedCase, letters: passwordLetter, symbols: passwordSymbol, numbers: passwordNumber })[kind],
  common_password: (_, { passwordCommon }) => passwordCommon,
  breached_password: (_, { passwordBreached }) => passwordBreached,
  wrong_password: (_, { wrongPassword }) => wrongPassword,
  wrong_code: (_, { wrongCode }) => wrongCode,
  bad_passkey: unclear,
  changed_meanwhile: (_, { changedMeanwhile }) => changedMeanwhile,
  last_identifier: (_, { lastIdentifier }) => lastIdentifier,
  changed_often: (_, { changedOften }) => changedOften,
  not_configured: unclear,
  bad_token: unclear,
  unconfirmed: unclear,
  nothing_to_change: (_, { oneNeeded }) => oneNeeded,
  like_brand: unclear,
  redirects_invalid: unclear,
  redirect_uri: unclear,
  unknown_scopes: unclear,
  not_offered: unclear,
  surplus: unclear,
  unsupported: unclear,
  no_id_token: unclear,
  too_many: (_, { tooManyTokens }) => tooManyTokens
}

/** The API's messages for each field. */
export function apiMessages (errors: FieldErrors): Record<string, string[]> {
  return Object.fromEntries(Object.entries(errors).map(([field, wrong]) => [field, wrong.map((error) => say(API, error, field))]))
}

/** All messages in one line of English, for output without fields. */
export function errorSentence (errors: FieldErrors): string {
  return Object.entries(errors).flatMap(([field, wrong]) =>
    wrong.map((error) => SENTENCES.has(codeOf(error)) ? say(API, error, field).replace(/\.$/, '') : `${field} ${say(API, error, field)}`)
  ).join('; ')
}

/**
 * The messages of a form, in the texts of its page.
 * @param shown the fields of the form: errors of others, or of several together, are shown for the form as a whole
 */
export function formErrors (errors: FieldErrors, shown: readonly string[], { problems }: Pick<Texts, 'problems'>): FormErrors {
  const fields: Record<string, string[]> = {}
  const form = new Set<string>()
  for (const [field, wrong] of Object.entries(errors)) {
    for (const error of wrong) {
      const text = say(PAGES, error, problems)
      if (codeOf(error) === 'one_required' || !shown.includes(field)) form.add(text)
      else (fields[field] ??= []).push(text)
    }
  }
  return { ...(form.size > 0 && { form: [...form] }), fields }
}

export function codeOf (error: FieldError): FieldErrorCode {
  return typeof error === 'string' ? error : error.code
}

function say<Context> (words: Words<Context>, error: FieldError, context: Context): string {
  return typeof error === 'string' ? sayOne(words, error, null, context) : sayOne(words, error.code, error, context)
}

function sayOne<Code extends FieldErrorCode, Context> (
  words: Words<Context>,
  code: Code,
  details: FieldErrorDetails[Code],
  context: Context
): string {
  return words[code](details, context)
}

function spaced (field: string): string {
  return field.replaceAll('_', ' ')
}

function withArticle (title: string): string {
  return `${/^[aeio]/i.test(title) ? 'an' : 'a'} ${title}`
}
