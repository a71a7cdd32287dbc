import { MAX_USER_NAME } from '../names/name.ts'
import { renderAccountPage, type AccountFrame } from './account-frame.tsx'
import { attributeInput } from './attribute-input.ts'
import { Field, Form } from './form.tsx'
import { capitalise } from './format.ts'
import { attributeWord, type AttributeField } from './page.ts'
import { Link, Name } from './parts.tsx'
import { ProfileFields, type ProfileInput } from './profile-fields.tsx'
import { languageOf } from './texts/index.ts'
import { attr } from './untrusted.ts'

/** A new value that its owner must confirm first. */
type PendingField = AttributeField & {
  value: string
  /** Sent by mail, with a link; otherwise by text message. */
  isMail: boolean
}

/**
 * The name, and what the user logs in with. `name` goes to `actions.saveName`; each attribute under its own name, and `current_password`
 * where `askPassword` is set, to `actions.saveLogin`. An empty attribute is removed. A form for each of `pending` posts `attribute`, and
 * `code`, `send` or `cancel`, to `actions.confirm`.
 */
export type AccountProfileModel = AccountFrame & {
  actions: { saveName: string, saveLogin: string, confirm: string }
  fields: readonly AttributeField[]
  values: Readonly<Record<string, string | undefined>>
  pending: readonly PendingField[]
  /** To choose from; `locale` in `values` is one of them, with or without a region, or empty for that of the browser. */
  languages: readonly string[]
  /** Of the option `profile`; posted with the name, and with a field `profile` that tells that the form has them. */
  profileFields?: readonly ProfileInput[] | undefined
  /** The login is too old to change attributes without the password. */
  askPassword: boolean
  /** `login`: instead of the password. */
  links: { login: string }
}

export function accountProfilePage (model: AccountProfileModel): string {
  const { texts: { profile: t }, fields, pending, profileFields = [] } = model
  return renderAccountPage({
    model, title: t.title,
    labels: [
      ['name', t.name], ['locale', t.language], ...profileFields.map(({ name, label }) => [name, label] as const),
      ...fields.map((field) => [field.attribute, labelOf(field, model)] as const), ['current_password', t.currentPassword],
      ...pending.map((field) => [codeOf(field), model.texts.verify.code] as const)
    ],
    children: (
      <>
        {pending.length > 0 && <Pending model={model} />}
        <You model={model} />
        <Login model={model} />
      </>
    )
  })
}

function You ({ model }: { model: AccountProfileModel }): JSX.Element {
  const { texts: { profile: t, form }, values, errors, csrf, actions, profileFields = [] } = model
  return (
    <section aria-labelledby='you'>
      <h2 id='you' safe>{t.you}</h2>
      <div class='narrow'>
        <Form action={actions.saveName} csrf={csrf} hidden={profileFields.length > 0 ? { profile: '1' } : {}}>
          <Field
            name='name' label={t.name} note={form.optional} value={values['name']} errors={errors}
            input={{ autocomplete: 'name', maxlength: MAX_USER_NAME }}
          />
          <LanguageField model={model} />
          <ProfileFields page={model} fields={profileFields} values={values} errors={errors} />
          <button type='submit' safe>{t.saveName}</button>
        </Form>
      </div>
    </section>
  )
}

function LanguageField ({ model }: { model: AccountProfileModel }): JSX.Element {
  const { texts: { profile: t }, values: { locale = '' }, languages } = model
  const current = locale === '' ? '' : languageOf(locale)
  return (
    <div class='field'>
      <label for='field-locale' safe>{t.language}</label>
      <p class='hint' id='field-locale-hint' safe>{t.languageHint}</p>
      <select id='field-locale' name='locale' aria-describedby='field-locale-hint'>
        <option value='' selected={current === ''} safe>{t.languageOfBrowser}</option>
        {languages.map((language) => (
          <option value={attr(language === current ? locale : language)} lang={attr(language)} selected={language === current} safe>
            {capitalise(new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language, language)}
          </option>
        ))}
      </select>
    </div>
  )
}

function Login ({ model }: { model: AccountProfileModel }): JSX.Element {
  const { texts: { profile: t }, fields, values, errors, csrf, actions, askPassword, links } = model
  return (
    <section aria-labelledby='login'>
      <h2 id='login' safe>{t.login}</h2>
      <p class='quiet' safe>{fields.length > 1 ? t.loginHint : t.loginHintOne}</p>
      <div class='narrow'>
        <Form action={actions.saveLogin} csrf={csrf}>
          {fields.map((field) => (
            <Field
              name={field.attribute} label={labelOf(field, model)} value={values[field.attribute]} errors={errors}
              input={{ ...attributeInput(field.attribute), autocapitalize: 'none', spellcheck: 'false' }}
            />
          ))}
          {askPassword && (
            <Field
              name='current_password' label={t.currentPassword} hint={t.passwordHint} errors={errors}
              input={{ type: 'password', autocomplete: 'current-password', required: true }}
            />
          )}
          <button type='submit' safe>{t.saveLogin}</button>
        </Form>
        {askPassword && <p><Link href={links.login} text={t.loginAgain} /></p>}
      </div>
    </section>
  )
}

function Pending ({ model }: { model: AccountProfileModel }): JSX.Element {
  const { texts: { profile: t, verify, form }, pending, errors, csrf, actions } = model
  return (
    <section aria-labelledby='pending'>
      <h2 id='pending' safe>{t.pending}</h2>
      {pending.map((field) => (
        <div class='narrow'>
          <p><strong safe>{labelOf(field, model)}</strong><span safe>{form.colon}</span><Name name={field.value} /></p>
          <p class='quiet' safe>{field.isMail ? t.pendingMail : t.pendingPhone}</p>
          <Form action={actions.confirm} csrf={csrf} hidden={{ attribute: field.attribute }}>
            <Field
              name={codeOf(field)} label={verify.code} hint={verify.codeHint} errors={errors}
              input={{ class: 'code code-input', dir: 'ltr', inputmode: 'numeric', autocomplete: 'one-time-code', required: true }}
            />
            <button type='submit' safe>{verify.submit}</button>
          </Form>
          <Form action={actions.confirm} csrf={csrf} hidden={{ attribute: field.attribute }}>
            <div class='buttons row'>
              <button class='small' type='submit' name='send' value='1' safe>{t.sendAgain}</button>
              <button class='small' type='submit' name='cancel' value='1' safe>{t.cancelChange}</button>
            </div>
          </Form>
        </div>
      ))}
    </section>
  )
}

/** The name of the field for the code of an attribute. */
function codeOf ({ attribute }: AttributeField): string {
  return `code_${attribute}`
}

function labelOf (field: AttributeField, { texts, locale }: AccountProfileModel): string {
  return capitalise(attributeWord(field, texts), locale)
}
