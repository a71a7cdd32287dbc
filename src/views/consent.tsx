import { Form } from './form.tsx'
import { Layout, renderPage } from './layout.tsx'
import { scopeText, type FormPage, type Html, type Scope } from './page.ts'
import { Link, Name } from './parts.tsx'
import { redirectTarget, type RedirectTarget } from './redirect-target.ts'
import { shown } from './untrusted.ts'

/** An app requests access. Posts `decision`, `allow` or `deny`; `switchUrl` leads to the login with another account. */
export type ConsentModel = FormPage & {
  /** `ofUser`: a user registered it, and nobody has reviewed it. */
  client: { name: string, firstParty: boolean, ofUser: boolean }
  redirectUri: string
  account: { name: string, switchUrl: string }
  scopes: readonly Scope[]
  /** Other resource servers that the access is for (RFC 8707); this server when empty. */
  resources?: readonly string[] | undefined
  /** Whether the account page has a button to withdraw it. */
  canTakeBack?: boolean | undefined
}

export function consentPage (model: ConsentModel): string {
  const { texts: { consent: t }, brand, client } = model
  const app = shown(client.name)
  const target = redirectTarget(model.redirectUri)
  return renderPage(
    <Layout page={model} title={t.title(app)}>
      <h1 safe>{t.title(app)}</h1>
      {client.ofUser && <p class='box warn' safe>{t.unverified(app, brand.name)}</p>}
      <div>
        <h2 safe>{t.scopes}</h2>
        <ScopeList model={model} />
      </div>
      <Facts model={model} target={target} />
      {target.kind === 'local' && <p class='box warn' safe>{t.local}</p>}
      <Form {...model}>
        <div class='buttons pair'>
          <button class='main' type='submit' name='decision' value='allow' safe>{t.allow}</button>
          <button type='submit' name='decision' value='deny' safe>{t.deny}</button>
        </div>
      </Form>
      {model.canTakeBack === true && <p class='quiet' safe>{t.later}</p>}
    </Layout>
  )
}

export function ScopeList ({ model: { scopes, texts } }: { model: Pick<ConsentModel, 'scopes' | 'texts'> }): Html {
  const descriptions = scopes.length === 0 ? [texts.consent.noScopes] : scopes.map((scope) => scopeText(scope, texts))
  return <ul class='scopes'>{descriptions.map((description) => <li><span safe>{description}</span></li>)}</ul>
}

function Facts (
  { model: { account, resources = [], texts: { consent: t } }, target }: { model: ConsentModel, target: RedirectTarget }
): JSX.Element {
  return (
    <dl class='facts'>
      {resources.length > 0 && (
        <div>
          <dt safe>{t.resources}</dt>
          <dd>{resources.map((resource) => <div><Name name={resource} /></div>)}</dd>
        </div>
      )}
      <div>
        <dt safe>{t.signedIn}</dt>
        <dd><Name name={account.name} /><br /><Link href={account.switchUrl} text={t.switch} /></dd>
      </div>
      <div>
        <dt safe>{t.redirect}</dt>
        <dd><bdi safe>{target.kind === 'app' ? t.redirectApp(shown(target.name)) : target.name}</bdi></dd>
      </div>
    </dl>
  )
}
