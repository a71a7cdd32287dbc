import { Form } from './form.tsx'
import { Layout, renderPage } from './layout.tsx'
import type { FormPage } from './page.ts'
import { Links, Name } from './parts.tsx'
import { shown } from './untrusted.ts'

/** What is about to end: a login, this very login, all others, the access of an app, or a personal access token. */
export type EndKind = 'session' | 'current' | 'others' | 'app' | 'token'

/** Asks before something with access to the account ends. `facts` tell apart what has the same name; `back` cancels. */
export type AccountEndModel = FormPage & { kind: EndKind, name: string, facts: readonly string[], links: { back: string } }

export function accountEndPage (model: AccountEndModel): string {
  const { texts: { accountEnd: t }, kind, name, facts, links, brand } = model
  const { heading, lead, submit } = {
    session: { heading: t.sessionTitle, lead: t.sessionLead, submit: t.sessionSubmit },
    current: { heading: t.currentTitle, lead: t.currentLead, submit: t.currentSubmit },
    others: { heading: t.othersTitle, lead: t.othersLead(shown(brand.name)), submit: t.othersSubmit },
    app: { heading: t.appTitle(shown(name)), lead: t.appLead, submit: t.appSubmit },
    token: { heading: t.tokenTitle(shown(name)), lead: t.tokenLead, submit: t.tokenSubmit }
  }[kind]
  return renderPage(
    <Layout page={model} title={heading}>
      <div>
        <h1 safe>{heading}</h1>
        <p class='lead' safe>{lead}</p>
      </div>
      {kind !== 'others' && (
        <ul class='facts'>{[name, ...facts].map((fact) => <li><Name name={fact} /></li>)}</ul>
      )}
      <Form {...model}>
        <button class='main danger' type='submit' safe>{submit}</button>
      </Form>
      <Links links={[{ href: links.back, text: t.back }]} />
    </Layout>
  )
}
