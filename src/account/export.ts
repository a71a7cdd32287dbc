import type { PasskeyStore } from '../passkeys/ports.ts'
import type { SocialAccountStore } from '../social/ports.ts'
import type { Access } from './access.ts'
import type { AuthorizedApp } from './apps.ts'
import type { History, HistoryEntry } from './history.ts'

/** What the users table holds of a user, under the names of its columns. */
export type StoredUser = {
  id: string
  name: string | null
  profile: Record<string, unknown>
  locale: string | null
  terms_version: string | null
  terms_accepted_at: Date | null
  deletion_requested_at: Date | null
  created_at: Date
  updated_at: Date
  identifiers: { attribute: string, value: string, verified_at: Date | null }[]
}

type Token = { id: string, name: string, scopes: string[], createdAt: Date, lastUsedAt: Date | null, expiresAt: Date | null }

type Dependencies = {
  readUser: (id: string) => Promise<StoredUser | null>
  identities: Pick<SocialAccountStore, 'list'>
  passkeys: Pick<PasskeyStore, 'list'>
  access: { list: (userId: string) => Promise<Access[]> }
  apps: { list: (userId: string) => Promise<AuthorizedApp[]> }
  tokens: { list: (userId: string) => Promise<Token[]> }
  history: History
}

/** Everything that is held about a user, for the user: no password, token or other secret. Null when there is no such user. */
export type ExportAccount = (userId: string) => Promise<object | null>

const PAGE = 200

export function createExportAccount ({ readUser, identities, passkeys, access, apps, tokens, history }: Dependencies): ExportAccount {
  async function wholeHistory (userId: string): Promise<HistoryEntry[]> {
    const all: HistoryEntry[] = []
    for (let before: string | null = null; ;) {
      const { entries, next } = await history.list(userId, { before, limit: PAGE })
      all.push(...entries)
      if (next === null) return all
      before = next
    }
  }

  return async (userId) => {
    const user = await readUser(userId)
    if (!user) return null
    return {
      user,
      identities: (await identities.list(userId)).map(({ provider, subject, email, name, createdAt, lastUsedAt }) => ({
        provider, subject, email, name, created_at: createdAt, last_used_at: lastUsedAt
      })),
      passkeys: (await passkeys.list(userId)).map(({ name, rpId, createdAt, lastUsedAt }) => ({
        name, rp_id: rpId, created_at: createdAt, last_used_at: lastUsedAt
      })),
      sessions: (await access.list(userId)).map(({ id, kind, client, scopes, ip, userAgent, createdAt, lastUsedAt, expiresAt }) => ({
        id, kind, client: client?.name ?? null, scopes, ip, user_agent: userAgent, created_at: createdAt, last_used_at: lastUsedAt,
        expires_at: expiresAt
      })),
      applications: (await apps.list(userId)).map(({ id, name, scopes, since, lastUsedAt }) => ({
        client_id: id, name, scopes, since, last_used_at: lastUsedAt
      })),
      personal_access_tokens: (await tokens.list(userId)).map(({ id, name, scopes, createdAt, lastUsedAt, expiresAt }) => ({
        id, name, scopes, created_at: createdAt, last_used_at: lastUsedAt, expires_at: expiresAt
      })),
      history: (await wholeHistory(userId)).map(({ type, reason, client, ip, userAgent, createdAt }) => ({
        type, reason, client: client?.name ?? null, ip, user_agent: userAgent, at: createdAt
      }))
    }
  }
}
