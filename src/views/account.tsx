import { AccountApps, AccountSessions } from './account-access.tsx'
import { AccountTokens, type AccountToken, type TokenForm } from './account-tokens.tsx'
import { Form, Messages } from './form.tsx'
import { Layout, renderPage } from './layout.tsx'
import type { Csrf, FormErrors, Page, Scope } from './page.ts'
import { Name } from './parts.tsx'

/** A browser or app in which the user is logged in; `current` marks the session of the request. */
export type AccountSession = { id: string, device: string | null, place: string | null, lastUsedAt: Date, current: boolean }

/** An app that the user authorized. */
export type AccountApp = { id: string, name: string, scopes: readonly Scope[], since: Date, lastUsedAt: Date | null }

/**
 * Everything with access to an account. Each entry links to one of `actions` with the parameter `id`, which asks before it ends; a form
 * that posts the hidden field `id` there ends it at once. Relative times are computed from `now`.
 */
export type AccountModel = Page & {
  csrf: Csrf
  account: { name: string }
  now: Date
  sessions: readonly AccountSession[]
  apps: readonly AccountApp[]
  /** Null when users have none. */
  tokens: readonly AccountToken[] | null
  /** Null when there is no client for personal access tokens. */
  tokenForm: TokenForm | null
  actions: { logout: string, endSession: string, endOthers: string, endApp: string, endToken: string, createToken: string }
  /** Just created; its value is available only now. */
  newToken?: { name: string, value: string } | undefined
  errors?: FormErrors | undefined
  notice?: string | undefined
}

export function accountPage (model: AccountModel): string {
  const { texts: { account: t }, csrf, actions, errors } = model
  return renderPage(
    <Layout page={model} title={t.title} errors={errors} wide>
      <div class='top'>
        <div>
          <h1 safe>{t.title}</h1>
          <p class='lead'><Name name={model.account.name} /></p>
        </div>
        <Form action={actions.logout} csrf={csrf}>
          <button class='small' type='submit' safe>{t.logout}</button>
        </Form>
      </div>
      <Messages page={model} labels={[['name', t.tokenName]]} />
      <AccountSessions model={model} />
      <AccountApps model={model} />
      {model.tokens !== null && <AccountTokens model={model} tokens={model.tokens} />}
    </Layout>
  )
}
