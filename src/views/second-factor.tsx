import { MAX_CODE } from '../factors/ports.ts'
import { Field, Form, Messages } from './form.tsx'
import { Layout, renderPage } from './layout.tsx'
import type { FormPage } from './page.ts'
import { AccountTitle, Links } from './parts.tsx'

/** After the password, for a user with a second factor. Posts `code`: of one of `ways`, such as `totp` and `recovery_code`. */
export type SecondFactorModel = FormPage & { account: { name: string }, ways: readonly string[], links: { login: string } }

export function secondFactorPage (model: SecondFactorModel): string {
  const { texts: { secondFactor: t }, account, ways, links, errors } = model
  const hint = ways.includes('recovery_code') ? t.hintRecovery : t.hint
  return renderPage(
    <Layout page={model} title={t.title} errors={errors}>
      <AccountTitle title={t.title} name={account.name} />
      <Messages page={model} labels={[['code', t.label]]} />
      <Form {...model}>
        <Field
          name='code' label={t.label} hint={hint} errors={errors} describedByForm
          input={{ autocomplete: 'one-time-code', autocapitalize: 'none', spellcheck: 'false', maxlength: MAX_CODE, required: true, autofocus: true }}
        />
        <button class='main' type='submit' safe>{t.submit}</button>
      </Form>
      <Links links={[{ href: links.login, text: t.again }]} />
    </Layout>
  )
}
