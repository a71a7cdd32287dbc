import { fieldOf, type ProfileData } from '../../src/users/profile-fields.ts'
import type { ProfileField } from '../../src/users/profile-schema.ts'
import type { InputAttributes } from '../../src/views/page.ts'
import type { ProfileInput } from '../../src/views/profile-fields.tsx'

const TYPES: Readonly<Record<string, string>> = { email: 'email', date: 'date' }

/** How the fields of the option `profile` are entered, and the values of a user as a form has them. */
export function profileInputs (
  fields: readonly ProfileField[],
  profile: ProfileData = {}
): { inputs: ProfileInput[], values: Record<string, string> } {
  const inputs = fields.map((field): ProfileInput => {
    const { name, kind, choices, isRequired, schema: { title, description } } = field
    return {
      name: fieldOf(name), label: title ?? spaced(name), hint: description, isRequired, choices: choices.map(String), input: inputOf(field),
      kind: kind === 'boolean' ? 'checkbox' : kind === 'choice' ? 'select' : 'text'
    }
  })
  return { inputs, values: Object.fromEntries(Object.entries(profile).map(([name, value]) => [fieldOf(name), String(value)])) }
}

function inputOf ({ kind, schema: { format = '', minLength, maxLength, minimum, maximum } }: ProfileField): InputAttributes {
  if (kind === 'string') {
    return { type: TYPES[format] ?? 'text', ...(minLength !== undefined && { minlength: minLength }), ...(maxLength !== undefined && { maxlength: maxLength }) }
  }
  return {
    type: 'number', step: kind === 'integer' ? '1' : 'any', ...(minimum !== undefined && { min: minimum }), ...(maximum !== undefined && { max: maximum })
  }
}

function spaced (name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')
}
