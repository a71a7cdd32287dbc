import type { PasswordRules } from '../passwords/policy.ts'
import { renderAccountPage, type AccountFrame } from './account-frame.tsx'
import { Field, Form } from './form.tsx'
import { formatDate, formatMoment } from './format.ts'
import { NewPassword } from './new-password.tsx'
import type { Html } from './page.ts'
import { Link, Name } from './parts.tsx'
import { attr } from './untrusted.ts'

/** Something that happened to the account, in words; `facts`: application, browser, address. */
export type HistoryItem = { what: string, at: Date, facts: readonly string[] }

/** `provider` and `subject` are posted to `unlink`, those of `offered` to `link`; `account` is the address there. */
export type Identities = {
  items: readonly { provider: string, subject: string, label: string, account: string | null, since: Date }[]
  offered: readonly { provider: string, label: string }[]
  actions: { link: string, unlink: string }
}

/**
 * How the account is protected, and what has happened to it. The form posts `current_password` and `new_password` to
 * `actions.changePassword`.
 */
export type AccountSecurityModel = AccountFrame & {
  actions: { changePassword: string }
  /** Null where passwords cannot be changed here. */
  passwordRules: PasswordRules | null
  /** The provider at which the user logs in, who cannot have a password here. */
  atProvider?: string | undefined
  /** False: there is none to be entered. */
  hasPassword?: boolean | undefined
  /** Accounts at providers with which the user logs in, and those that can be added; none where no provider is configured. */
  identities?: Identities | undefined
  history: readonly HistoryItem[]
  links: { older?: string | undefined, newest?: string | undefined }
}

export function accountSecurityPage (model: AccountSecurityModel): string {
  const { texts: { security: t }, passwordRules } = model
  return renderAccountPage({
    model, title: t.title, labels: [['current_password', t.currentPassword], ['new_password', t.newPassword]],
    children: (
      <>
        {model.atProvider !== undefined && <AtProvider model={model} provider={model.atProvider} />}
        {passwordRules !== null && <ChangePassword model={model} rules={passwordRules} />}
        {model.identities !== undefined && <OtherLogins model={model} identities={model.identities} />}
        <History model={model} />
      </>
    )
  })
}

/** Instead of the form. */
function AtProvider ({ model: { texts }, provider }: { model: AccountSecurityModel, provider: string }): JSX.Element {
  return (
    <section aria-labelledby='password'>
      <h2 id='password' safe>{texts.login.password}</h2>
      <p class='quiet' safe>{texts.problems.atProvider(provider)}</p>
    </section>
  )
}

function ChangePassword ({ model, rules }: { model: AccountSecurityModel, rules: PasswordRules }): JSX.Element {
  const { texts: { security: t }, csrf, actions, errors, account, hasPassword = true } = model
  return (
    <section aria-labelledby='password'>
      <h2 id='password' safe>{hasPassword ? t.changePassword : t.setPassword}</h2>
      <p class='quiet' safe>{hasPassword ? t.changePasswordHint : t.setPasswordHint}</p>
      <div class='narrow'>
        <Form action={actions.changePassword} csrf={csrf}>
          <input type='text' autocomplete='username' value={attr(account.name)} hidden readonly />
          {hasPassword && (
            <Field
              name='current_password' label={t.currentPassword} errors={errors}
              input={{ type: 'password', autocomplete: 'current-password', required: true }}
            />
          )}
          <NewPassword page={model} name='new_password' label={t.newPassword} rules={rules} />
          <button type='submit' safe>{hasPassword ? t.changePassword : t.setPassword}</button>
        </Form>
      </div>
    </section>
  )
}

function OtherLogins (
  { model, identities: { items, offered, actions } }: { model: AccountSecurityModel, identities: Identities }
): JSX.Element {
  const { texts: { upstream: t }, csrf, locale } = model
  return (
    <section aria-labelledby='identities'>
      <h2 id='identities' safe>{t.title}</h2>
      <p class='quiet' safe>{t.hint}</p>
      <ul class='items'>
        {items.map(({ provider, subject, label, account, since }) => (
          <li>
            <div class='about'>
              <h3><Name name={label} /></h3>
              {account !== null && <p><Name name={account} /></p>}
              <p safe>{t.since(formatDate(since, locale))}</p>
            </div>
            <Form action={actions.unlink} csrf={csrf} hidden={{ provider, subject }}>
              <button class='small' type='submit' aria-label={attr(t.unlinkOf(label))} safe>{t.unlink}</button>
            </Form>
          </li>
        ))}
      </ul>
      <div class='narrow'>
        {offered.map(({ provider, label }) => (
          <Form action={actions.link} csrf={csrf} hidden={{ provider }}>
            <button type='submit'><Name name={t.link(label)} /></button>
          </Form>
        ))}
      </div>
    </section>
  )
}

function History ({ model }: { model: AccountSecurityModel }): Html {
  const { texts: { security: t }, history, locale, links, atProvider } = model
  return (
    <section aria-labelledby='history'>
      <h2 id='history' safe>{t.history}</h2>
      <p class='quiet' safe>{atProvider === undefined ? t.historyHint : t.historyHintAt(atProvider)}</p>
      {history.length === 0 && <p class='quiet' safe>{t.noHistory}</p>}
      <ul class='items'>
        {history.map(({ what, at, facts }) => (
          <li>
            <div class='about'>
              <h3 safe>{what}</h3>
              {facts.length > 0 && <p><Name name={facts.join(' · ')} /></p>}
              <p><time datetime={at.toISOString()} safe>{formatMoment(at, locale)}</time></p>
            </div>
          </li>
        ))}
      </ul>
      {links.newest !== undefined && <p><Link href={links.newest} text={t.newest} /></p>}
      {links.older !== undefined && <p><Link href={links.older} text={t.older} /></p>}
    </section>
  )
}
