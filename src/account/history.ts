import type { Client } from '../oauth/ports.ts'

/** Something that happened to an account, from the audit log. */
export type HistoryEntry = {
  id: string
  type: string
  reason: string | null
  client: Pick<Client, 'name' | 'firstParty'> | null
  ip: string | null
  userAgent: string | null
  createdAt: Date
}

export type HistoryStore = {
  /** Newest first, of these types. @param before id of the entry after which the page begins */
  history: (userId: string, page: { types: readonly string[], before: string | null, limit: number }) => Promise<HistoryEntry[]>
}

/** What a user sees of the audit log: nothing of other people, no internals. */
const SHOWN = [
  'login.succeeded', 'login.failed', 'session.ended', 'session.reused', 'user.registered', 'user.deletion_requested', 'user.restored',
  'password.changed', 'password.reset', 'password.reset_requested', 'login.incomplete', 'identifier.verified', 'identifier.changed',
  'identifier.change_undone', 'profile.changed', 'identity.linked', 'identity.unlinked',
  'factor.added', 'factor.removed', 'recovery_codes.created', 'recovery_code.used',
  'personal_token.created', 'personal_token.revoked', 'device.approved', 'device.denied'
]

export type History = {
  /** @returns up to `limit` entries, newest first, and the id that the next page begins after; null when there is none */
  list: (userId: string, page: { before: string | null, limit: number }) => Promise<{ entries: HistoryEntry[], next: string | null }>
}

/** @param written resolves when what has happened in this process is in the audit log */
export function createHistory (store: HistoryStore, written: () => Promise<void>): History {
  return {
    async list (userId, { before, limit }) {
      await written()
      const found = await store.history(userId, { types: SHOWN, before, limit: limit + 1 })
      const entries = found.slice(0, limit)
      return { entries, next: found.length > limit ? entries.at(-1)!.id : null }
    }
  }
}
