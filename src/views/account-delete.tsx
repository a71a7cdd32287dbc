import { Form, Messages } from './form.tsx'
import { formatDate } from './format.ts'
import { Layout, renderPage } from './layout.tsx'
import type { FormPage } from './page.ts'
import { AccountTitle, Links } from './parts.tsx'

/** Asks before an account is deleted at `at`. `hasApps`: the user has registered clients. */
export type AccountDeleteModel = FormPage & {
  account: { name: string }, at: Date, hasApps: boolean, links: { export: string, back: string }
}

/** After the login to an account that will be deleted at `at`. Posts `decision`: `restore` or `leave`. */
export type RestoreModel = FormPage & { account: { name: string }, at: Date }

export function accountDeletePage (model: AccountDeleteModel): string {
  const { texts: { deletion: t }, locale, account, at, hasApps, links, errors } = model
  const date = formatDate(at, locale)
  const facts = [t.atOnce, t.untilThen(date), t.afterwards, ...(hasApps ? [t.ownApps] : [])]
  return renderPage(
    <Layout page={model} title={t.title} errors={errors}>
      <AccountTitle title={t.title} name={account.name} />
      <Messages page={model} labels={[]} />
      <p safe>{t.lead(date)}</p>
      <ul class='points'>{facts.map((fact) => <li safe>{fact}</li>)}</ul>
      <Form {...model}>
        <button class='main danger' type='submit' safe>{t.submit}</button>
      </Form>
      <Links links={[{ href: links.export, text: t.download }, { href: links.back, text: t.back }]} />
    </Layout>
  )
}

export function restorePage (model: RestoreModel): string {
  const { texts: { deletion: t }, locale, account, at, errors } = model
  return renderPage(
    <Layout page={model} title={t.restoreTitle} errors={errors}>
      <AccountTitle title={t.restoreTitle} name={account.name} />
      <Messages page={model} labels={[]} />
      <p safe>{t.restoreLead(formatDate(at, locale))}</p>
      <Form {...model}>
        <button class='main' type='submit' name='decision' value='restore' safe>{t.restore}</button>
        <p class='quiet' safe>{t.restoreHint}</p>
        <button type='submit' name='decision' value='leave' safe>{t.leave}</button>
      </Form>
    </Layout>
  )
}
