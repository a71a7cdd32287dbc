import type { PasswordRules } from '../passwords/policy.ts'
import { renderAccountPage, type AccountFrame } from './account-frame.tsx'
import { Field, Form } from './form.tsx'
import { formatMoment } from './format.ts'
import { NewPassword } from './new-password.tsx'
import type { Html } from './page.ts'
import { Link, Name } from './parts.tsx'
import { attr } from './untrusted.ts'

/** Something that happened to the account, in words; `facts`: application, browser, address. */
export type HistoryItem = { what: string, at: Date, facts: readonly string[] }

/**
 * How the account is protected, and what has happened to it. The form posts `current_password` and `new_password` to
 * `actions.changePassword`.
 */
export type AccountSecurityModel = AccountFrame & {
  actions: { changePassword: string }
  /** Null where passwords cannot be changed here. */
  passwordRules: PasswordRules | null
  history: readonly HistoryItem[]
  links: { older?: string | undefined, newest?: string | undefined }
}

export function accountSecurityPage (model: AccountSecurityModel): string {
  const { texts: { security: t }, passwordRules } = model
  return renderAccountPage({
    model, title: t.title, labels: [['current_password', t.currentPassword], ['new_password', t.newPassword]],
    children: (
      <>
        {passwordRules !== null && <ChangePassword model={model} rules={passwordRules} />}
        <History model={model} />
      </>
    )
  })
}

function ChangePassword ({ model, rules }: { model: AccountSecurityModel, rules: PasswordRules }): JSX.Element {
  const { texts: { security: t }, csrf, actions, errors, account } = model
  return (
    <section aria-labelledby='password'>
      <h2 id='password' safe>{t.changePassword}</h2>
      <p class='quiet' safe>{t.changePasswordHint}</p>
      <div class='narrow'>
        <Form action={actions.changePassword} csrf={csrf}>
          <input type='text' autocomplete='username' value={attr(account.name)} hidden readonly />
          <Field
            name='current_password' label={t.currentPassword} errors={errors}
            input={{ type: 'password', autocomplete: 'current-password', required: true }}
          />
          <NewPassword page={model} name='new_password' label={t.newPassword} rules={rules} />
          <button type='submit' safe>{t.changePassword}</button>
        </Form>
      </div>
    </section>
  )
}

function History ({ model }: { model: AccountSecurityModel }): Html {
  const { texts: { security: t }, history, locale, links } = model
  return (
    <section aria-labelledby='history'>
      <h2 id='history' safe>{t.history}</h2>
      <p class='quiet' safe>{t.historyHint}</p>
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
