import t from 'tap'
import { type FieldError, type FieldErrorCode } from '../../../src/http/field-errors.ts'
import { unprocessable } from '../../../plugins/http/unprocessable.ts'
import { apiMessages, codeOf, errorSentence, formErrors, REDIRECT_URI } from '../../../src/views/texts/field-errors.ts'
import { languages } from '../../../src/views/texts/index.ts'

/** One of each code, and what the API says of the field `staff_id`: the wire, letter by letter. */
const EACH: Record<FieldErrorCode, [FieldError, said: string]> = {
  required: ['required', 'The staff id field is required.'],
  one_required: [
    { code: 'one_required', others: ['email', 'phone'] }, 'The staff id field is required when none of email / phone are present.'
  ],
  one_too_many: ['one_too_many', 'send only one login field'],
  empty: ['empty', 'must not be empty'],
  invalid: [{ code: 'invalid', message: 'must be string' }, 'must be string'],
  too_short: [{ code: 'too_short', min: 8 }, 'must have at least 8 characters'],
  too_long: [{ code: 'too_long', max: 1000, unit: 'bytes' }, 'must have at most 1000 bytes'],
  unseen_characters: ['unseen_characters', 'contains invisible, line-breaking or text-reordering characters'],
  nothing_visible: ['nothing_visible', 'has no visible characters'],
  malformed: [{ code: 'malformed', expected: ['e-mail address', 'phone number'] }, 'must be an e-mail address or a phone number'],
  country_missing: [
    { code: 'country_missing', expected: ['phone number'] }, 'must be a phone number, such as +49 170 1234567; this number has no country code'
  ],
  ambiguous: [
    { code: 'ambiguous', attribute: 'email', title: 'e-mail address' },
    'could also be taken for an e-mail address; choose another, or send it as email'
  ],
  at_provider: [
    { code: 'at_provider', provider: 'Northwind', path: '/v1/auth/northwind/redirect' },
    'Whoever has this address logs in with Northwind, at /v1/auth/northwind/redirect, and has no password here.'
  ],
  taken: ['taken', 'The staff_id has already been taken.'],
  not_accepted: ['not_accepted', 'The staff id field must be accepted.'],
  refused: [{ code: 'refused', reason: 'Not on Sundays.' }, 'Not on Sundays.'],
  not_invited: ['not_invited', 'is not the address that was invited'],
  characters_missing: [
    { code: 'characters_missing', kind: 'mixedCase' }, 'The staff id field must contain at least one uppercase and one lowercase letter.'
  ],
  common_password: ['common_password', 'is one of the most used passwords, which are tried first; choose another'],
  breached_password: [
    'breached_password', 'The given staff id has appeared in a data leak. Please choose a different staff id.'
  ],
  wrong_password: ['wrong_password', 'is not your password'],
  wrong_code: ['wrong_code', 'is wrong, or was used before'],
  bad_passkey: ['bad_passkey', 'is no passkey that was asked for here in the last 5 minutes'],
  changed_meanwhile: ['changed_meanwhile', 'was changed by another request; try again'],
  last_identifier: ['last_identifier', 'is all that is left to log in with; add another first'],
  changed_often: ['changed_often', 'was changed too often recently; try again in a few weeks'],
  not_configured: ['not_configured', 'The selected staff id is invalid.'],
  bad_token: ['bad_token', 'This password reset token is invalid.'],
  unconfirmed: ['unconfirmed', 'The staff id field confirmation does not match.'],
  nothing_to_change: [{ code: 'nothing_to_change', fields: ['name', 'email'] }, 'Send at least one of: name, email.'],
  like_brand: [{ code: 'like_brand', brand: 'Acme' }, 'is the name of this service, Acme, or looks like it; choose another'],
  redirects_invalid: ['redirects_invalid', 'One or more redirects have an invalid URI format.'],
  redirect_uri: [{ code: 'redirect_uri', uri: '/cb', problem: 'not_absolute' }, '/cb is not an absolute URI'],
  unknown_scopes: [{ code: 'unknown_scopes', scopes: ['a', 'b'] }, 'Unknown scopes: a, b'],
  not_offered: ['not_offered', 'is not one of the choices'],
  surplus: [{ code: 'surplus', of: ['code', 'id_token'] }, 'send only one of code, id_token'],
  unsupported: [{ code: 'unsupported', send: ['code', 'id_token'] }, 'is not accepted here; send code or id_token'],
  no_id_token: ['no_id_token', 'belongs to an id token, and there is none; leave it out'],
  unknown_field: ['unknown_field', 'is not a field of the profile'],
  too_large: [{ code: 'too_large', max: 16_384 }, 'has more than 16384 bytes in all; shorten a field'],
  too_many: [{ code: 'too_many', of: 'clients', max: 100 }, 'There are 100 clients already; delete one first.']
}

t.test('the API has a message for every code', async (t) => {
  for (const [code, [error, said]] of Object.entries(EACH)) {
    t.equal(codeOf(error), code)
    t.same(apiMessages({ staff_id: [error] }), { staff_id: [said] })
  }
  t.same(apiMessages({ name: [{ code: 'too_many', of: 'tokens', max: 5 }] }), { name: ['There are 5 tokens already; revoke one first.'] })
  const kinds = ['letters', 'symbols', 'numbers'] as const
  t.same(apiMessages({ new_password: kinds.map((kind) => ({ code: 'characters_missing', kind })) }), {
    new_password: ['letter', 'symbol', 'number'].map((word) => `The new password field must contain at least one ${word}.`)
  })
  t.equal(REDIRECT_URI.too_long, 'has more than 2000 characters')
})

for (const [language, texts] of Object.entries(languages)) {
  t.test(`the pages have a text for every code in ${language}`, async (t) => {
    const own = new Set(Object.values(texts.problems).map((word) => typeof word === 'function' ? word as (length: never) => string : word))
    for (const [code, [error]] of Object.entries(EACH)) {
      const { form, fields } = formErrors({ staff_id: [error] }, ['staff_id'], texts)
      const [text = '', ...more] = code === 'one_required' ? form ?? [] : fields?.['staff_id'] ?? []
      t.same(more, [])
      t.ok(own.has(text) || code === 'refused' || [texts.problems.passwordShort(8), texts.problems.atProvider('Northwind')].includes(text), `${code}: ${text}`)
    }
  })
}

t.test('the pages have a text for each kind of characters', async (t) => {
  const { en } = languages
  const kinds = ['mixedCase', 'letters', 'symbols', 'numbers'] as const
  const { fields } = formErrors({ password: kinds.map((kind) => ({ code: 'characters_missing', kind })) }, ['password'], en!)
  t.match(fields?.['password'], [/uppercase and one lowercase/, /letter/, /symbol/, /number/])
})

t.test('the 422 names fields as the request body does', async (t) => {
  t.match(unprocessable({ email: ['required'], password: ['required'] }, { named: (field) => `login_${field}` }), {
    statusCode: 422,
    code: 'LK_VALIDATION',
    message: 'The request is not valid',
    errors: { login_email: ['The email field is required.'], login_password: ['The password field is required.'] }
  })
  t.match(unprocessable({}, { message: 'Send one' }), { message: 'Send one', errors: {} })
})

t.test('without fields all errors become one sentence', async (t) => {
  t.equal(
    errorSentence({ email: ['taken'], password: [{ code: 'too_short', min: 8 }, 'common_password'] }),
    'The email has already been taken; password must have at least 8 characters; ' +
      'password is one of the most used passwords, which are tried first; choose another'
  )
})

t.test('an error of no field on the form is shown once, for the whole form', async (t) => {
  const { en } = languages
  t.same(formErrors({
    email: [{ code: 'one_required', others: ['phone'] }], phone: [{ code: 'one_required', others: ['email'] }], password: ['required']
  }, ['email', 'phone', 'password'], en!), { form: [en!.problems.oneNeeded], fields: { password: [en!.problems.missing] } })
  t.same(formErrors({ scopes: ['not_offered'], days: ['not_offered'] }, ['name'], en!), { form: [en!.problems.invalid], fields: {} })
})
