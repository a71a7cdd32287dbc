import type { Identifier } from './attributes.ts'

export type Account = {
  id: string
  passwordHash: string | null
  passwordStamp: number
  disabled: boolean
}

export type Profile = {
  id: string
  name: string | null
  identifiers: { attribute: string, display: string, verifiedAt: Date | null }[]
  disabledAt: Date | null
  createdAt: Date
  /** When the name or an identifier last changed; null when unchanged since the user was created, or unknown to this service. */
  claimsChangedAt: Date | null
}

export type NewUser = {
  name: string | null
  passwordHash: string
  identifiers: Identifier[]
  /** Identifies the form that created the user, and what was entered in it. */
  madeByForm?: Uint8Array | undefined
}

export type PasswordChange = { userId: string, passwordHash: string, passwordStamp: number, keepSession: string | null }

/** `name`: undefined leaves it unchanged. */
export type ProfileChange = {
  userId: string
  passwordStamp: number
  name: string | null | undefined
  identifiers: Identifier[]
  /** Attributes to remove from the user. */
  removed: string[]
  /** Attributes that users can log in with; the user must keep at least one of them. */
  configured: string[]
}

/** Stored hashes of all users. */
export type PasswordHashes = {
  /** Every stored scheme (hash-scheme.ts). */
  schemes: () => Promise<string[]>
  /**
   * Replaces up to `limit` hashes of a bcrypt scheme by the results of `change`.
   * @returns how many were replaced
   */
  replaceBcrypt: (scheme: string, limit: number, change: (hash: string) => Promise<string>) => Promise<number>
}

export type Users = {
  /** The account of the first identifier that exists, in the given order. */
  findByIdentifiers: (identifiers: Identifier[]) => Promise<Account | null>
  find: (id: string) => Promise<Account | null>
  profile: (id: string) => Promise<Profile | null>
  list: (page: { after?: string | undefined, limit: number }) => Promise<Profile[]>
  /** Which of these identifiers belong to a user, other than `except`. */
  taken: (identifiers: Identifier[], except?: string) => Promise<string[]>
  /** The account that a form created in the last `seconds`, if the identifier belongs to it. */
  madeByForm: (identifier: Identifier, form: Uint8Array, seconds: number) => Promise<Account | null>
  /** @returns null when an identifier has been taken by another user */
  create: (user: NewUser) => Promise<Profile | null>
  /** Stores a stronger hash of the same password, if it has not changed. */
  rehash: (userId: string, passwordStamp: number, newHash: string) => Promise<void>
  /** Ends every session except `keepSession`; false when the password has changed since it was checked. */
  changePassword: (change: PasswordChange) => Promise<boolean>
  /**
   * All or nothing. `taken`: an identifier belongs to another user; `last`: no identifier would be left to log in with; `stale`: the
   * password has changed, or the user is disabled.
   */
  changeProfile: (change: ProfileChange) => Promise<Profile | 'taken' | 'last' | 'stale'>
  /** Ends every session of a disabled user. @returns false when there is no such user */
  setDisabled: (id: string, disabled: boolean) => Promise<boolean>
  foldRevocations: (id: string) => Promise<void>
  /**
   * Deletes the user with everything that belongs to them, in one transaction.
   * @returns false when there is no such user
   */
  delete: (id: string) => Promise<boolean>
}
