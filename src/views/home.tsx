import { Form } from './form.tsx'
import { Layout, renderPage } from './layout.tsx'
import type { FormPage } from './page.ts'
import { Name } from './parts.tsx'

/** Where a login leads that came from nowhere: who is logged in, and the way out. */
export type HomeModel = FormPage & { account: { name: string } }

export function homePage (model: HomeModel): string {
  const { texts: { account: t, logout }, account } = model
  return renderPage(
    <Layout page={model} title={t.title}>
      <h1 safe>{t.title}</h1>
      <dl class='facts'><div><dt safe>{logout.signedIn}</dt><dd><Name name={account.name} /></dd></div></dl>
      <Form {...model}>
        <button class='main' type='submit' safe>{t.logout}</button>
      </Form>
    </Layout>
  )
}
