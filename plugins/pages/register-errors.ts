import type { Attributes } from '../../src/users/attributes.ts'
import { passwordText } from '../../src/passwords/text.ts'
import type { FieldErrors } from '../../src/users/register.ts'
import type { FormErrors } from '../../src/views/page.ts'
import type { Texts } from '../../src/views/texts/index.ts'

type Form = { attributes: Attributes, values: Record<string, unknown>, texts: Texts, minLength: number }

/** What the API says in English for programs, in the words of the page. */
export function registerErrors (errors: FieldErrors, form: Form): FormErrors {
  const { attributes, values, texts: { problems } } = form
  const isEmpty = attributes.every(({ name }) => !values[name])
  const fields = Object.keys(errors).filter((name) =>
    !(isEmpty && attributes.some((attribute) => attribute.name === name) && attributes.length > 1)
  )
  return {
    ...(isEmpty && attributes.length > 1 && { form: [problems.oneNeeded] }),
    fields: Object.fromEntries(fields.map((name) => [name, [name === 'password' ? passwordProblem(form) : attributeProblem(name, form)]]))
  }
}

/** What was typed in and belongs to an account already: perhaps the visitor's own. */
export function takenValue (errors: FieldErrors, form: Form): string | undefined {
  const name = Object.keys(errors).find((field) => field !== 'password' && attributeProblem(field, form) === form.texts.problems.taken)
  return name === undefined ? undefined : String(form.values[name])
}

function attributeProblem (name: string, { attributes, values, texts: { problems } }: Form): string {
  if (!values[name]) return problems.missing
  const attribute = attributes.find((candidate) => candidate.name === name)
  const others = attributes.filter((candidate) => candidate !== attribute)
  const isFitting = attribute?.parse(values[name]) && !others.some(({ parse }) => parse(values[name]))
  if (isFitting) return problems.taken
  return attribute?.lacks(values[name]) === 'country' ? problems.phoneCountry : problems.invalid
}

function passwordProblem ({ values: { password }, texts: { problems }, minLength }: Form): string {
  if (typeof password !== 'string' || password === '') return problems.missing
  const text = passwordText(password)
  if (text === null) return problems.passwordLong
  return [...text].length < minLength ? problems.passwordShort(minLength) : problems.passwordCommon
}
