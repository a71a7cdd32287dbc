import { Field, Form, Messages } from './form.tsx'
import { formatChoice } from './format.ts'
import { Layout, renderPage } from './layout.tsx'
import { attributeWord, type AttributeField, type FormPage, type Page } from './page.ts'
import { Heading, Links, Name, type LinkItem } from './parts.tsx'
import { attr, shown } from './untrusted.ts'

/** For a user who is known: posts `code`, or `send` for a mail. For a guest, without `address`: posts `email` to get a mail. */
export type VerifyModel = FormPage & {
  address: string | null
  fields: readonly AttributeField[]
  sent: boolean
  /** Without it there is no login. */
  required: boolean
  /** Posts `address` and `password`: another address in place of a mistyped one. Null where it cannot be changed here. */
  newAddress: string | null
  links: { login: string }
}

/**
 * What the link of a mail leads to. Posts nothing further, or `password`, or `without`. `isChange`: it confirms a new address, which takes
 * the place of another; there is no way without the password.
 */
export type VerifyLinkModel = FormPage & { address: string | null, askPassword: boolean, isChange: boolean }

/** Something was done, or a link does not work any more. */
export type DoneModel = Page & { title: string, message: string, links: readonly LinkItem[] }

export function verifyPage (model: VerifyModel): string {
  return model.address === null ? askPage(model) : codePage(model, model.address)
}

function codePage (model: VerifyModel, address: string): string {
  const { texts: { verify: t }, errors, sent, required, newAddress, links } = model
  return renderPage(
    <Layout page={model} title={t.title} errors={errors}>
      <div>
        <Heading text={t.title} />
        <p class='lead' safe>{sent ? t.sent(shown(address)) : t.unsent(shown(address))}</p>
      </div>
      <Messages page={model} labels={[['code', t.code], ['address', t.newAddress], ['password', t.password]]} />
      {required && <p safe>{t.required}</p>}
      {sent && <CodeForm model={model} />}
      <Form {...model}>
        <button class={sent ? undefined : 'main'} type='submit' name='send' value='1' safe>{sent ? t.sendAgain : t.send}</button>
        {sent && <p class='quiet' safe>{t.onceAMinute}</p>}
      </Form>
      {newAddress !== null && <AddressForm model={model} value={newAddress} />}
      {required && <Links links={[{ href: links.login, text: model.texts.password.back }]} />}
    </Layout>
  )
}

function CodeForm ({ model }: { model: VerifyModel }): JSX.Element {
  const { texts: { verify: t }, errors } = model
  return (
    <Form {...model}>
      <Field
        name='code' label={t.code} hint={t.codeHint} errors={errors}
        input={{ class: 'code code-input', dir: 'ltr', inputmode: 'numeric', autocomplete: 'one-time-code', required: true, autofocus: true }}
      />
      <button class='main' type='submit' safe>{t.submit}</button>
    </Form>
  )
}

function AddressForm ({ model, value }: { model: VerifyModel, value: string }): JSX.Element {
  const { texts: { verify: t }, errors } = model
  return (
    <section>
      <h2 safe>{t.newAddressTitle}</h2>
      <p safe>{t.newAddressIntro}</p>
      <Form {...model}>
        <Field
          name='address' label={t.newAddress} value={value} errors={errors}
          input={{ type: 'email', autocapitalize: 'none', spellcheck: 'false', autocomplete: 'email', required: true }}
        />
        <Field
          name='password' label={t.password} errors={errors}
          input={{ type: 'password', autocomplete: 'current-password', required: true }}
        />
        <button type='submit' safe>{t.newAddressSubmit}</button>
      </Form>
    </section>
  )
}

function askPage (model: VerifyModel): string {
  const { texts, locale, errors, fields, sent, links } = model
  const label = formatChoice(fields.map((field) => attributeWord(field, texts)), locale)
  const title = sent ? texts.password.sentTitle : texts.verify.title
  return renderPage(
    <Layout page={model} title={title} errors={errors}>
      <div>
        <Heading text={title} />
        <p class='lead' safe>{sent ? texts.password.sent : texts.verify.ask}</p>
      </div>
      <Messages page={model} labels={[['email', label]]} />
      {sent
        ? <p safe>{texts.password.sentAdvice}</p>
        : (
          <Form {...model}>
            <Field
              name='email' label={label} errors={errors}
              input={{ autocapitalize: 'none', spellcheck: 'false', autocomplete: 'username', required: true, autofocus: true }}
            />
            <button class='main' type='submit' safe>{texts.password.send}</button>
          </Form>
          )}
      <Links links={[{ href: links.login, text: texts.password.back }]} />
    </Layout>
  )
}

export function verifyLinkPage (model: VerifyLinkModel): string {
  const { texts: { verify: t }, errors, address, askPassword, isChange } = model
  const title = isChange ? t.changeTitle : t.title
  return renderPage(
    <Layout page={model} title={title} errors={errors}>
      <div>
        <Heading text={title} />
        <p class='lead' safe>{isChange ? t.changeIntro : t.linkIntro}</p>
      </div>
      <Messages page={model} labels={[['password', t.password]]} />
      {address !== null && <dl class='facts'><div><dt safe>{t.address}</dt><dd><Name name={address} /></dd></div></dl>}
      <Form {...model}>
        {askPassword && address !== null && <input type='text' name='username' autocomplete='username' value={attr(address)} hidden readonly />}
        {askPassword && (
          <Field
            name='password' label={t.password} hint={isChange ? t.changePasswordHint : t.passwordHint} errors={errors} describedByForm
            input={{ type: 'password', autocomplete: 'current-password', required: true }}
          />
        )}
        <button class='main' type='submit' safe>{t.submit}</button>
      </Form>
      {askPassword && !isChange && <WithoutPassword model={model} />}
    </Layout>
  )
}

function WithoutPassword ({ model }: { model: VerifyLinkModel }): JSX.Element {
  const { texts: { verify: t } } = model
  return (
    <section>
      <h2 safe>{t.withoutTitle}</h2>
      <p safe>{t.without}</p>
      <Form {...model}>
        <button type='submit' name='without' value='1' safe>{t.withoutSubmit}</button>
      </Form>
    </section>
  )
}

export function donePage (model: DoneModel): string {
  const { title, message, links } = model
  return renderPage(
    <Layout page={model} title={title}>
      <div>
        <Heading text={title} />
        <p class='lead' safe>{message}</p>
      </div>
      <Links links={links} />
    </Layout>
  )
}
