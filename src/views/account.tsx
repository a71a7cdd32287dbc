import { AccountApps, AccountSessions } from './account-access.tsx'
import { renderAccountPage, type AccountFrame } from './account-frame.tsx'
import { AccountTokens, type AccountToken, type TokenForm } from './account-tokens.tsx'
import type { Scope } from './page.ts'

/** A browser or app in which the user is logged in; `current` marks the session of the request. */
export type AccountSession = { id: string, device: string | null, place: string | null, lastUsedAt: Date, current: boolean }

/** An app that the user authorized. */
export type AccountApp = { id: string, name: string, scopes: readonly Scope[], since: Date, lastUsedAt: Date | null }

/**
 * Everything with access to an account. Each entry links to one of `actions` with the parameter `id`, which asks before it ends; a form
 * that posts the hidden field `id` there ends it at once. Relative times are computed from `now`.
 */
export type AccountModel = AccountFrame & {
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
}

export function accountPage (model: AccountModel): string {
  const { texts: { account: t }, tokens } = model
  return renderAccountPage({
    model, title: t.title, labels: [['name', t.tokenName]],
    children: (
      <>
        <AccountSessions model={model} />
        <AccountApps model={model} />
        {tokens !== null && <AccountTokens model={model} tokens={tokens} />}
      </>
    )
  })
}
