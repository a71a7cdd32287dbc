import type { Transaction } from '../database/transaction.ts'

/** What a one-time token does: each purpose has one effect. */
export type Purpose = 'verify' | 'reset' | 'change' | 'undo' | 'invite' | 'upstream'

export type NewToken = {
  purpose: Purpose
  /** Null for an invitation, and for a login at an upstream provider. */
  userId: string | null
  /**
   * To which it is sent, normalized; null for one that an operator hands out. For `change` the new one; for `undo` the one before, whose
   * value is null if there was none.
   */
  identifier: { attribute: string, value: string | null } | null
  /** What the effect needs besides; never a secret. */
  payload?: object
  /** Seconds; that of the purpose by default. */
  ttl?: number
  /** Also creates a six-digit code, which can be entered only by who asked: `session:<id>` or `auth_session:<hash in hex>`. */
  boundTo?: string
}

/** A valid token. */
export type OneTimeToken = {
  /** SHA-256 of the token, under which the statement of its effect redeems it. */
  hash: Uint8Array
  purpose: Purpose
  userId: string | null
  attribute: string | null
  value: string | null
  payload: Record<string, unknown>
}

/** Writes that are committed together with a token or its effect, such as a mail; what it throws undoes both. */
export type AlsoWrite<Given = void> = (transaction: Transaction, given: Given) => Promise<void>

type StoredToken = Required<Pick<NewToken, 'purpose' | 'userId' | 'identifier' | 'payload' | 'ttl'>> & {
  hash: Uint8Array
  code: { hmac: Uint8Array, boundTo: string, ttl: number } | null
}

export type OneTimeTokenStore = {
  /**
   * Replaces the older tokens of the same purpose, except for `undo`: each change can be undone.
   * @param transaction in which it is created; otherwise one of its own
   * @returns false when there is no such user that may log in
   */
  create: (token: StoredToken, also: (transaction: Transaction) => Promise<void>, transaction?: Transaction) => Promise<boolean>
  /** A valid token; nothing changes. */
  find: (hash: Uint8Array, purposes: Purpose[]) => Promise<OneTimeToken | null>
  /** The valid tokens of a user. */
  list: (userId: string, purpose: Purpose) => Promise<OneTimeToken[]>
  /** Deletes those of a user for some attributes. */
  cancel: (userId: string, purpose: Purpose, attributes: string[], transaction?: Transaction) => Promise<void>
  /** Counts an entered code before it is compared. Null when there is none that may still be entered. */
  enterCode: (purpose: Purpose, attribute: string, boundTo: string, tries: number) =>
  Promise<{ token: OneTimeToken, hmac: Uint8Array } | null>
}
