import { Form } from './form.tsx'
import { Layout, renderPage } from './layout.tsx'
import type { FormPage, Page } from './page.ts'
import { Links, Name } from './parts.tsx'
import { shown } from './untrusted.ts'

/**
 * Asks before logging out; `app` is the client that requested it, `provider` where the browser is logged out as well. `hidden` carries the
 * request's parameters; `stay` cancels.
 */
export type LogoutModel = FormPage & {
  app?: string | undefined
  provider?: string | undefined
  account?: { name: string } | undefined
  links?: { stay?: string | undefined } | undefined
}

/** After logging out. */
export type LoggedOutModel = Page & { links?: { login?: string | undefined } | undefined }

export function logoutPage (model: LogoutModel): string {
  const { texts: { logout: t }, app, provider, account, links = {} } = model
  return renderPage(
    <Layout page={model} title={t.title}>
      <div>
        <h1 safe>{t.title}</h1>
        <p class='lead' safe>{app === undefined ? t.question : t.asked(shown(app))}</p>
        {provider !== undefined && <p safe>{t.alsoAt(provider)}</p>}
      </div>
      {account !== undefined && <dl class='facts'><div><dt safe>{t.signedIn}</dt><dd><Name name={account.name} /></dd></div></dl>}
      <Form {...model}>
        <button class='main' type='submit' safe>{t.submit}</button>
      </Form>
      <Links links={[links.stay === undefined ? undefined : { href: links.stay, text: t.stay }]} />
    </Layout>
  )
}

export function loggedOutPage (model: LoggedOutModel): string {
  const { texts: { logout: t }, links = {} } = model
  return renderPage(
    <Layout page={model} title={t.doneTitle}>
      <div>
        <h1 safe>{t.doneTitle}</h1>
        <p class='lead' safe>{t.done}</p>
      </div>
      <Links links={[links.login === undefined ? undefined : { href: links.login, text: t.login }]} />
    </Layout>
  )
}
