import type { FieldErrors } from '../../src/http/field-errors.ts'
import { unprocessable } from '../http/unprocessable.ts'
import type { Attributes, Identifier } from '../../src/users/attributes.ts'
import { candidatesFrom, loginFields, requiredErrors } from '../../src/users/login-candidates.ts'

/** A login: the identifiers that may be meant, and the parameters of the password grant. */
export type ProxyLogin = { candidates: Identifier[], params: Record<string, string> }

/**
 * Reads a login body once. Other fields that the caller sends are not passed on.
 * @throws 422 with messages per field
 */
export function readLogin ({ attributes, prefix }: { attributes: Attributes, prefix: string }, body: Record<string, unknown>): ProxyLogin {
  const fields = loginFields(attributes, body, prefix)
  const { candidates, missing, errors } = candidatesFrom(attributes, fields)
  const { password, scope } = body
  const wrong: FieldErrors = candidates.length > 0 ? {} : missing ? requiredErrors(attributes) : errors
  if (typeof password !== 'string' || password === '') wrong['password'] = ['required']
  if (Object.keys(wrong).length > 0) throw unprocessable(wrong, { named: (field) => field === 'password' ? field : prefix + field })
  return { candidates, params: { ...strings(fields), ...strings({ scope, password }) } }
}

function strings (values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '')
  )
}
