import { HiddenFields } from './form.tsx'
import { Layout, renderPage } from './layout.tsx'
import type { Page } from './page.ts'
import { redirectTarget } from './redirect-target.ts'
import { attr, shown } from './untrusted.ts'

/**
 * The response to a client as a form (OAuth 2.0 Form Post Response Mode). `script` submits the form where scripts run. `ask` leaves that to
 * the user, who is told to check the destination; the form may then be a GET, too.
 */
export type FormPostModel = Page & {
  redirectUri: string, params: Readonly<Record<string, string>>, script?: string | undefined,
  ask?: 'get' | 'post' | undefined
}

export function formPostPage (model: FormPostModel): string {
  const { texts: { formPost: t }, redirectUri, params, script, ask } = model
  // A GET form replaces the query of its action by its fields
  const own = ask === 'get' ? Object.fromEntries(new URL(redirectUri).searchParams) : {}
  return renderPage(
    <Layout page={model} title={t.title} script={script}>
      <div>
        <h1 safe>{t.title}</h1>
        <p class='lead'><bdi safe>{shown(redirectTarget(redirectUri).name)}</bdi></p>
      </div>
      {ask !== undefined && <p safe>{params['error'] === 'access_denied' ? t.denied : t.untrusted}</p>}
      <form method={ask ?? 'post'} action={attr(redirectUri)}>
        <HiddenFields hidden={{ ...own, ...params }} />
        <button class='main' type='submit' safe>{t.submit}</button>
      </form>
    </Layout>
  )
}
