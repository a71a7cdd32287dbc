import type { Identifier } from './attributes.ts'

export type StoredIdentifier = Identifier & { verified: boolean }

/** What a user logs in with has changed: null before one that was added, and after one that was removed. */
export type IdentifierChange = { attribute: string, before: StoredIdentifier | null, after: Identifier | null }

/** A change that is confirmed at the new address. */
export type Confirmation = {
  /** SHA-256 of the token. */
  hash: Uint8Array
  userId: string
  /** Under which the new value may be held (src/users/identifier-holds.ts). */
  holds: Uint8Array[]
}

/** A change was undone, with all later ones of the user. */
export type UndoneChange = {
  userId: string
  attribute: string
  /** The value that it has again; null when the change had added one. */
  value: string | null
  /** All that is as it was before, with it. */
  restored: { attribute: string, value: string | null }[]
  /** Of the user, registered or changed since, which are revoked. */
  clients: string[]
}

/** `name`, `locale`: undefined leaves it unchanged. */
export type ProfileChange = {
  userId: string
  passwordStamp: number
  name: string | null | undefined
  locale?: string | null | undefined
  /** What is to be stored, of what is stored when no other change can come between; null refuses. */
  profile?: ((stored: Record<string, unknown>) => Record<string, unknown> | null) | undefined
  identifiers: Identifier[]
  /** Attributes to remove from the user. */
  removed: string[]
  /**
   * Whether nobody else gets the value before the change for 30 days. What nobody has proven to be theirs, and nobody can get back, is free
   * at once.
   */
  isHeld: (change: IdentifierChange) => boolean
  /** Attributes that users can log in with; the user must keep at least one of them. */
  configured: string[]
  /** Attributes of which the user must keep one, too; none where nothing must be verified. */
  required?: readonly string[] | undefined
}
