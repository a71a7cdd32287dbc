import type { FieldErrors } from '../http/field-errors.ts'
import { ambiguousWith, type Attributes, type Identifier } from './attributes.ts'
import { notOneOf } from './login-candidates.ts'

/** The identifiers in `given`, normalized; a value that could also belong to another attribute is refused. */
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
