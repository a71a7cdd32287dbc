import { attributeInput } from './attribute-input.ts'
import { Field, focusField, Form, Messages } from './form.tsx'
import { formatChoice } from './format.ts'
import { Layout, renderPage } from './layout.tsx'
import { attributeWord, type AttributeField, type FormPage, type Hidden, type InputAttributes } from './page.ts'
import { Link, Links, Name, Providers, type LinkItem } from './parts.tsx'
import { attr, shown } from './untrusted.ts'

/** Login by any of `fields`. Posts `username`, `password` and, when ticked, `remember`; `app` is the client that sent the visitor. */
export type LoginModel = FormPage & {
  /** With `login.identifierFirst`: `identifier` asks for `username` only, `password` shows it and asks for the rest. */
  step?: 'identifier' | 'password' | undefined
  fields: readonly AttributeField[]
  values?: { username?: string | undefined, remember?: boolean | undefined } | undefined
  app?: string | undefined
  /** An address of some domains leads to a provider, without a password. */
  passwordOptional?: boolean | undefined
  /** A logged-in user has to log in again: the account, and how to cancel. */
  again?: { account: string, cancel: { href: string } | { action: string, hidden: Hidden } } | undefined
  /** Other ways to log in: links, with the text of a button. */
  providers?: readonly LinkItem[] | undefined
  links?: { register?: string | undefined, forgot?: string | undefined, another?: string | undefined } | undefined
}

export function loginPage (model: LoginModel): string {
  const { texts, locale, fields, values = {}, errors, app, again, links = {}, step } = model
  const title = step === 'password' ? texts.login.passwordTitle : texts.login.title
  const label = formatChoice(fields.map((field) => attributeWord(field, texts)), locale)
  const focus = step === 'identifier' ? 'username' : focusField(['username', 'password'], errors, { username: values.username })
  return renderPage(
    <Layout page={model} title={title} errors={errors}>
      <div>
        <h1 safe>{title}</h1>
        {app !== undefined && <p class='lead' safe>{texts.login.to(shown(app))}</p>}
        {again !== undefined && <p safe>{texts.login.again(shown(again.account))}</p>}
      </div>
      <Messages page={model} labels={[['username', label], ['password', texts.login.password]]} />
      {step === 'password' && <Whose of={texts.password.of} name={values.username ?? ''} />}
      <Form {...model}>
        {step === 'password'
          ? <input type='text' name='username' autocomplete='username' value={attr(values.username ?? '')} hidden readonly />
          : <UserName model={model} label={label} focus={focus} />}
        {step !== 'identifier' && <Password model={model} focus={focus} />}
        <button class='main' type='submit' safe>{step === 'identifier' ? texts.login.next : texts.login.submit}</button>
      </Form>
      <Providers items={model.providers} or={texts.upstream.or} />
      {again !== undefined && <Cancel model={model} cancel={again.cancel} />}
      <Links links={[
        links.another === undefined ? undefined : { href: links.another, text: texts.login.another },
        links.forgot === undefined ? undefined : { href: links.forgot, text: texts.login.forgot },
        links.register === undefined ? undefined : { href: links.register, text: texts.login.register }
      ]}
      />
    </Layout>
  )
}

/** Whose password is asked for. */
function Whose ({ of, name }: { of: string, name: string }): JSX.Element {
  return <dl class='facts'><div><dt safe>{of}</dt><dd><Name name={name} /></dd></div></dl>
}

type FieldOf = { model: LoginModel, focus: string | undefined }

function UserName ({ model: { fields, values = {}, errors }, label, focus }: FieldOf & { label: string }): JSX.Element {
  return (
    <Field
      name='username' label={label} value={values.username} errors={errors} describedByForm={focus === 'username'}
      input={{ ...usernameInput(fields), autocomplete: 'username', required: true, autofocus: focus === 'username' }}
    />
  )
}

function Password ({ model: { values = {}, errors, texts, passwordOptional = false }, focus }: FieldOf): JSX.Element {
  return (
    <>
      <Field
        name='password' label={texts.login.password} errors={errors} describedByForm={focus === 'password'}
        input={{ type: 'password', autocomplete: 'current-password', required: !passwordOptional, autofocus: focus === 'password' }}
      />
      <label class='check'>
        <input type='checkbox' name='remember' value='on' checked={values.remember === true} />
        <span safe>{texts.login.remember}</span>
      </label>
    </>
  )
}

function Cancel (
  { model: { texts, csrf }, cancel }: { model: LoginModel, cancel: NonNullable<LoginModel['again']>['cancel'] }
): JSX.Element {
  if ('href' in cancel) {
    return (
      <p>
        <Link href={cancel.href} text={texts.login.cancel} />
      </p>
    )
  }
  return (
    <Form action={cancel.action} csrf={csrf} hidden={cancel.hidden}>
      <button type='submit' safe>{texts.login.cancel}</button>
    </Form>
  )
}

/** A special keyboard is used only if there is one kind of value. The type stays text: the server decides what is valid. */
function usernameInput (fields: readonly AttributeField[]): InputAttributes {
  const [field, another] = fields
  const { inputmode } = attributeInput(field && !another ? field.attribute : '')
  return { autocapitalize: 'none', spellcheck: 'false', inputmode }
}
