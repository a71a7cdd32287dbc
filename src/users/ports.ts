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
  /** When the name or an identifier changed last; null: not since the user was created, or this service cannot know. */
  claimsChangedAt: Date | null
}

export type NewUser = {
  name: string | null
  passwordHash: string
  identifiers: Identifier[]
  /** What tells the form that made it, and what was typed in, from every other. */
  madeByForm?: Uint8Array | undefined
}

export type PasswordChange = { userId: string, passwordHash: string, passwordStamp: number, keepSession: string | null }

/** `name`: undefined leaves it as it is. */
export type ProfileChange = {
  userId: string
  passwordStamp: number
  name: string | null | undefined
  identifiers: Identifier[]
  /** Attributes that the user is to have no longer. */
  removed: string[]
  /** Attributes that people can log in with: of one of them something must be left. */
  configured: string[]
}

/** Stored hashes, whoever's they are. */
export type PasswordHashes = {
  /** Every scheme there is (hash-scheme.ts). */
  schemes: () => Promise<string[]>
  /** Some hashes of a scheme of bcrypt, each for what `change` makes of it. @returns how many are now another */
  replaceBcrypt: (scheme: string, limit: number, change: (hash: string) => Promise<string>) => Promise<number>
}

export type Users = {
  /** The account of the first identifier that exists, in the given order. */
  findByIdentifiers: (identifiers: Identifier[]) => Promise<Account | null>
  find: (id: string) => Promise<Account | null>
  profile: (id: string) => Promise<Profile | null>
  list: (page: { after?: string | undefined, limit: number }) => Promise<Profile[]>
  /** Which of these belong to somebody, or to somebody else than `except`. */
  taken: (identifiers: Identifier[], except?: string) => Promise<string[]>
  /** The account that a form has made in the last so many seconds, while the identifier is its own. */
  madeByForm: (identifier: Identifier, form: Uint8Array, seconds: number) => Promise<Account | null>
  /** @returns null when an identifier was taken meanwhile */
  create: (user: NewUser) => Promise<Profile | null>
  /** Writes a stronger hash of the same password, if it is still that one. */
  rehash: (userId: string, passwordStamp: number, newHash: string) => Promise<void>
  /** Ends every session but `keepSession`; false when the password is not what it was. */
  changePassword: (change: PasswordChange) => Promise<boolean>
  /**
   * All or nothing. `taken`: an identifier is somebody else's; `last`: nothing would be left to log in with; `stale`: the password is not
   * what it was, or the user is disabled.
   */
  changeProfile: (change: ProfileChange) => Promise<Profile | 'taken' | 'last' | 'stale'>
  /** Ends every session of a disabled user. @returns false when there is no such user */
  setDisabled: (id: string, disabled: boolean) => Promise<boolean>
  foldRevocations: (id: string) => Promise<void>
  /** With all that is theirs, in one transaction. @returns false when there is no such user */
  delete: (id: string) => Promise<boolean>
}
