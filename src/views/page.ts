import type { Brand } from './brand.ts'
import type { Texts } from './texts/index.ts'

/** A fragment of a page. Declared here, because the types of a JSX library are global, and would conflict with those of a host. */
export type Html = string | Promise<string>
/** The namespace makes the escaping check recognize the type as already escaped. */
export declare namespace Html {
  export type Children = Html | number | boolean | null | undefined | Children[]
}

/** Attributes of a text field besides its name. */
export type InputAttributes = {
  type?: string
  class?: string
  dir?: 'ltr'
  autocomplete?: string | undefined
  autocapitalize?: 'none' | 'characters' | undefined
  spellcheck?: 'false' | undefined
  inputmode?: string | undefined
  /** The rules for a new password, for password managers. */
  passwordrules?: string | undefined
  required?: boolean
  readonly?: boolean
  autofocus?: boolean
  minlength?: number
  maxlength?: number
  min?: number
  max?: number
  step?: '1' | 'any'
}

/** What every page needs: brand, texts, and the locale for dates and lists. */
export type Page = { brand: Brand, texts: Texts, locale: string }

/** The hidden field against cross-site request forgery, in every form. */
export type Csrf = { name: string, value: string }

/** Errors ready to show: of the form as a whole, and by field name. */
export type FormErrors = {
  form?: readonly string[] | undefined
  /** The form cannot be answered for another reason than what was entered, which may be right. */
  isElsewhere?: boolean | undefined
  fields?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Hidden fields of a form; a list is a repeated parameter. */
export type Hidden = Readonly<Record<string, string | readonly string[]>>

/** A page with one form: its action, its hidden fields (`return_to`), and the errors of the last submission. */
export type FormPage = Page & {
  action: string
  csrf: Csrf
  hidden?: Hidden | undefined
  errors?: FormErrors | undefined
  /** A success message of the previous step. */
  notice?: string | undefined
}

/** An attribute that a user can log in with; `title` is shown where the texts have no name for it. */
export type AttributeField = { attribute: string, title: string }

/** A scope; the description defaults to that of the texts, and then to the name. */
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
