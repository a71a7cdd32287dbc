import type { Brand } from './brand.ts'
import type { Texts } from './texts/index.ts'

/** A piece of a page. In words of our own: the types of a JSX library are global, and would meet those of a host's in our declarations. */
export type Html = string | Promise<string>
/** In a namespace of that name the check of the escaping knows it for what is escaped already. */
export declare namespace Html {
  export type Children = Html | number | boolean | null | undefined | Children[]
}

/** What a text field can be told beside its name. */
export type InputAttributes = {
  type?: string
  class?: string
  dir?: 'ltr'
  autocomplete?: string | undefined
  autocapitalize?: 'none' | 'characters' | undefined
  spellcheck?: 'false' | undefined
  inputmode?: string | undefined
  required?: boolean
  autofocus?: boolean
  maxlength?: number
}

/** What every page needs: how it looks, its words, and the locale for dates and lists. */
export type Page = { brand: Brand, texts: Texts, locale: string }

/** A hidden field against forged requests, in every form. */
export type Csrf = { name: string, value: string }

/** What is wrong, ready to show: with the form as a whole, and by field name. */
export type FormErrors = { form?: readonly string[] | undefined, fields?: Readonly<Record<string, readonly string[]>> | undefined }

/** What a form carries along unseen; a list is a parameter that is there several times. */
export type Hidden = Readonly<Record<string, string | readonly string[]>>

/** A page with one form: where it goes, what it carries along unseen (`return_to`), what was wrong last time. */
export type FormPage = Page & {
  action: string
  csrf: Csrf
  hidden?: Hidden | undefined
  errors?: FormErrors | undefined
  /** Good news from the step before. */
  notice?: string | undefined
}

/** An attribute that a user can log in with; `title` is shown where the texts have no word for it. */
export type AttributeField = { attribute: string, title: string }

/** A scope; without a description the texts' own, else its name. */
export type Scope = { name: string, description?: string | undefined }

export function messagesFor (errors: FormErrors | undefined, field: string): readonly string[] {
  const fields = errors?.fields ?? {}
  return Object.hasOwn(fields, field) ? fields[field] ?? [] : []
}

export function attributeWord ({ attribute, title }: AttributeField, texts: Texts): string {
  return Object.hasOwn(texts.attributes, attribute) ? texts.attributes[attribute] ?? title : title
}

export function scopeText ({ name, description }: Scope, texts: Texts): string {
  return description || (Object.hasOwn(texts.scopes, name) ? texts.scopes[name] ?? name : name)
}
