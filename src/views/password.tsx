import type { PasswordRules } from '../passwords/policy.ts'
import { attributeInput } from './attribute-input.ts'
import { Field, Form, Messages } from './form.tsx'
import { formatChoice } from './format.ts'
import { Layout, renderPage } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import { attributeWord, type AttributeField, type FormPage } from './page.ts'
import { Heading, Links, Name } from './parts.tsx'
import { attr } from './untrusted.ts'

/** Asks for a link. Posts `email`, a value of any of `fields`; `sent` is the page afterwards, whether or not there is such an account. */
export type ForgotPasswordModel = FormPage & {
  fields: readonly AttributeField[]
  values?: { email?: string | undefined } | undefined
  sent: boolean
  links: { login: string, again: string }
}

/** What the link leads to. Posts `password`. */
export type ResetPasswordModel = FormPage & {
  /** The account, for people and password managers. */
  account: string | null
  rules: PasswordRules
  /** The account has just lost its password: by a verification from elsewhere, ... */
  removed: boolean
  /** ... or since a change was undone. */
  undone: boolean
}

export function forgotPasswordPage (model: ForgotPasswordModel): string {
  const { texts, locale, fields, values = {}, errors, links } = model
  const t = texts.password
  if (model.sent) {
    return renderPage(
      <Layout page={model} title={t.sentTitle}>
        <div>
          <Heading text={t.sentTitle} />
          <p class='lead' safe>{t.sent}</p>
        </div>
        <p safe>{t.sentAdvice}</p>
        <Links links={[{ href: links.again, text: t.again }, { href: links.login, text: t.back }]} />
      </Layout>
    )
  }
  const label = formatChoice(fields.map((field) => attributeWord(field, texts)), locale)
  const [field, another] = fields
  const { inputmode } = attributeInput(field && !another ? field.attribute : '')
  return renderPage(
    <Layout page={model} title={t.forgotTitle} errors={errors}>
      <div>
        <Heading text={t.forgotTitle} />
        <p class='lead' safe>{t.forgotIntro}</p>
      </div>
      <Messages page={model} labels={[['email', label]]} />
      <Form {...model}>
        <Field
          name='email' label={label} value={values.email} errors={errors} describedByForm
          input={{ autocapitalize: 'none', spellcheck: 'false', inputmode, autocomplete: 'username', required: true, autofocus: true }}
        />
        <button class='main' type='submit' safe>{t.send}</button>
      </Form>
      <Links links={[{ href: links.login, text: t.back }]} />
    </Layout>
  )
}

export function resetPasswordPage (model: ResetPasswordModel): string {
  const { texts: { password: t }, errors, account, rules, removed, undone } = model
  return renderPage(
    <Layout page={model} title={t.title} errors={errors}>
      <div>
        <Heading text={t.title} />
        <p class='lead' safe>{undone ? t.undone : removed ? t.removed : t.ends}</p>
      </div>
      <Messages page={model} labels={[['password', t.label]]} />
      {account !== null && <dl class='facts'><div><dt safe>{t.of}</dt><dd><Name name={account} /></dd></div></dl>}
      <Form {...model}>
        {account !== null && <input type='text' name='username' autocomplete='username' value={attr(account)} hidden readonly />}
        <NewPassword page={model} name='password' label={t.label} rules={rules} autofocus />
        <button class='main' type='submit' safe>{t.submit}</button>
      </Form>
    </Layout>
  )
}
