import { readName } from '../../src/names/name.ts'
import type { FormErrors } from '../../src/views/page.ts'
import type { Texts } from '../../src/views/texts/index.ts'

/** What the API says in English for programs, in the words of the page. */
export function tokenErrors (errors: Record<string, string[]>, name: string, { problems }: Texts): FormErrors {
  if (!errors['name']) return { form: [problems.invalid] }
  if (name.trim() === '') return { fields: { name: [problems.missing] } }
  return { fields: { name: [isName(name) ? problems.tooManyTokens : problems.invalid] } }
}

/** For people to tell tokens apart. */
export function isName (text: string): boolean {
  return readName(text).name !== undefined
}
