import { Form, Messages } from './form.tsx'
import { Layout, renderPage } from './layout.tsx'
import type { Csrf, FormErrors, Html, Page } from './page.ts'
import { AccountTitle } from './parts.tsx'
import { localHref } from './untrusted.ts'

/** What all pages of the account have: whose it is, the links to the other pages, and the form that logs out. */
export type AccountFrame = Page & {
  csrf: Csrf
  account: { name: string }
  /** The pages of the account; `current` marks this one. */
  nav: readonly { href: string, text: string, current: boolean }[]
  actions: { logout: string }
  errors?: FormErrors | undefined
  notice?: string | undefined
}

type Props = { model: AccountFrame, title: string, labels: readonly (readonly [name: string, label: string])[], children?: Html.Children }

export function renderAccountPage ({ model, title, labels, children }: Props): string {
  const { texts: { account: t }, csrf, actions, errors, nav } = model
  return renderPage(
    <Layout page={model} title={title} errors={errors} wide>
      <div class='top'>
        <AccountTitle title={title} name={model.account.name} />
        <Form action={actions.logout} csrf={csrf}>
          <button class='small' type='submit' safe>{t.logout}</button>
        </Form>
      </div>
      {nav.length > 1 && (
        <nav class='tabs' aria-label={t.title}>
          <ul>
            {nav.map(({ href, text, current }) => (
              <li><a href={localHref(href)} aria-current={current ? 'page' : undefined} safe>{text}</a></li>
            ))}
          </ul>
        </nav>
      )}
      <Messages page={model} labels={labels} />
      {children}
    </Layout>
  )
}
