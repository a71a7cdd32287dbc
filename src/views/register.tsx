import { MAX_USER_NAME } from '../names/name.ts'
import type { CharacterKind } from '../passwords/policy.ts'
import { TERMS_ACCEPTED } from '../schemas/account.ts'
import { attributeInput } from './attribute-input.ts'
import { Field, focusField, Form, Messages } from './form.tsx'
import { capitalise } from './format.ts'
import { Layout, renderPage } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import { attributeWord, type AttributeField, type FormPage, type InputAttributes } from './page.ts'
import { ButtonLink, Link, Links, Providers, type LinkItem } from './parts.tsx'
import { ProfileFields, type ProfileInput } from './profile-fields.tsx'
import { AcceptTerms, type Terms } from './terms.tsx'
import { shown } from './untrusted.ts'

type RegisterField = AttributeField & {
  hint?: string | undefined
  /** The user must have one; otherwise one of all fields is enough. */
  isRequired?: boolean | undefined
  /** The address of an invitation, in `values`, which cannot be changed. */
  isFixed?: boolean | undefined
}

/** A new account. Posts each attribute under its own name, an optional `name`, and `password`; `values` never contains a password. */
export type RegisterModel = FormPage & {
  fields: readonly RegisterField[]
  askName?: boolean | undefined
  /** Posted under their names, as texts. */
  profileFields?: readonly ProfileInput[] | undefined
  minPasswordLength: number
  /** What the password must contain. */
  passwordKinds?: readonly CharacterKind[] | undefined
  values?: Readonly<Record<string, string | undefined>> | undefined
  /** What has to be accepted; posted as `terms_accepted`. */
  terms?: Terms | undefined
  /** Other ways to get an account: links, with the text of a button. */
  providers?: readonly LinkItem[] | undefined
  /**
   * `loginAs` is set when a value is taken, since it may belong to the visitor; `elsewhere`, to a provider, when its people have no
   * password here.
   */
  links?:
    | { login?: string | undefined, loginAs?: { value: string, href: string } | undefined, elsewhere?: LinkItem | undefined }
    | undefined
}

export function registerPage (model: RegisterModel): string {
  const { texts, fields, errors, links = {}, values = {}, terms, profileFields = [] } = model
  const t = texts.register
  const labels = [
    ...fields.map((field) => [field.attribute, labelOf(field, model)] as const),
    ['name', t.name] as const,
    ...profileFields.map(({ name, label }) => [name, label] as const),
    ['password', t.password] as const,
    ...(terms ? [[TERMS_ACCEPTED, capitalise(texts.terms.terms, model.locale)] as const] : [])
  ]
  const needed = neededOf(fields)
  const last = ['password', ...(terms ? [TERMS_ACCEPTED] : [])]
  const namesOf = (some: readonly RegisterField[]) => [...some.map(({ attribute }) => attribute), ...last]
  const focusable = [...namesOf(fields), ...profileFields.map(({ name }) => name)]
  const focus = focusField(focusable, errors, values, namesOf(needed.length > 0 ? needed : fields))
  return renderPage(
    <Layout page={model} title={t.title} errors={errors}>
      <h1 safe>{t.title}</h1>
      <Messages page={model} labels={labels} />
      {links.loginAs !== undefined && <p><Link href={links.loginAs.href} text={t.loginAs(shown(links.loginAs.value))} /></p>}
      {links.elsewhere !== undefined && <ButtonLink {...links.elsewhere} />}
      <Form {...model}>
        {model.askName && (
          <Field
            name='name' label={t.name} note={texts.form.optional} value={values['name']} errors={errors}
            input={{ autocomplete: 'name', maxlength: MAX_USER_NAME }}
          />
        )}
        <AttributeFields model={model} focus={focus} />
        <ProfileFields page={model} fields={profileFields} values={values} errors={errors} focus={focus} />
        <NewPassword
          page={model} name='password' label={t.password} autofocus={focus === 'password'}
          rules={{ minLength: model.minPasswordLength, kinds: model.passwordKinds ?? [] }}
        />
        {terms !== undefined && (
          <AcceptTerms
            terms={terms} texts={texts} errors={errors} isChecked={values[TERMS_ACCEPTED] !== undefined}
            autofocus={focus === TERMS_ACCEPTED}
          />
        )}
        <button class='main' type='submit' safe>{t.submit}</button>
      </Form>
      <Providers items={model.providers} or={texts.upstream.or} />
      <Links links={[links.login === undefined ? undefined : { href: links.login, text: t.login }]} />
    </Layout>
  )
}

function AttributeFields ({ model, focus }: { model: RegisterModel, focus: string | undefined }): JSX.Element {
  const { fields, values = {}, errors, texts } = model
  const needed = neededOf(fields)
  const inputOfField = (field: RegisterField) => (
    <Field
      name={field.attribute}
      label={labelOf(field, model)}
      note={needed.length > 0 && !needed.includes(field) ? texts.form.optional : undefined}
      hint={field.isFixed === true ? texts.register.invited : field.hint}
      value={values[field.attribute]}
      errors={errors}
      describedByForm={focus === field.attribute}
      input={{
        ...inputOf(field, fields),
        required: needed.includes(field),
        readonly: field.isFixed === true,
        autofocus: focus === field.attribute
      }}
    />
  )
  if (needed.length > 0) return <>{[...needed, ...fields.filter((field) => !needed.includes(field))].map(inputOfField)}</>
  return <fieldset class='group'><legend safe>{texts.register.oneNeeded}</legend>{fields.map(inputOfField)}</fieldset>
}

/** None where any one of them is enough. */
function neededOf (fields: readonly RegisterField[]): readonly RegisterField[] {
  return fields.length === 1 ? fields : fields.filter(({ isRequired, isFixed }) => isRequired === true || isFixed === true)
}

/** Password managers need one field that they recognize as the user name. */
function inputOf (field: AttributeField, fields: readonly AttributeField[]): InputAttributes {
  const { inputmode, autocomplete } = attributeInput(field.attribute)
  const key = fields.find(({ attribute }) => attribute === 'username') ?? fields[0]
  return { inputmode, autocapitalize: 'none', spellcheck: 'false', autocomplete: field === key ? 'username' : autocomplete }
}

function labelOf (field: AttributeField, { texts, locale }: RegisterModel): string {
  return capitalise(attributeWord(field, texts), locale)
}
