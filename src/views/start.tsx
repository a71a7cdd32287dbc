import { Layout, renderPage } from './layout.tsx'
import type { Page } from './page.ts'
import { Links, Name, type LinkItem } from './parts.tsx'

/** The page at the root; `account` is set when logged in. */
export type StartModel = Page & { account?: { name: string } | undefined, links: readonly LinkItem[] }

export function startPage (model: StartModel): string {
  const { texts: { start: t }, brand, account, links } = model
  return renderPage(
    <Layout page={model} title={t.title}>
      <div>
        <h1 safe>{t.title}</h1>
        <p class='lead' safe>{t.lead(brand.name)}</p>
      </div>
      {account !== undefined && <dl class='facts'><div><dt safe>{t.signedIn}</dt><dd><Name name={account.name} /></dd></div></dl>}
      <Links links={links} />
    </Layout>
  )
}
