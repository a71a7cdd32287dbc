import type { AlsoWrite } from '../verification/ports.ts'
import type { Identifier } from './attributes.ts'
import type { Decoy, Waiting } from './decoys.ts'
import type { Confirmation, IdentifierChange, ProfileChange, StoredIdentifier, UndoneChange } from './identifier-change.ts'
import type { Missing, Proven } from './missing.ts'
import type { ProfileData } from './profile-fields.ts'

/** A user who can log in. */
export type User = {
  id: string
  /**
   * Opaque outside of this folder. A change of the password or of a second factor changes it, and the statement that creates a session
   * compares it once more. It stays 0 for a users table that has none.
   */
  passwordStamp: number
  disabled: boolean
}

/** A row of our own users table. */
export type OwnUser = User & {
  passwordHash: string | null
  /** The user has asked for deletion, and may still change their mind. Afterwards they are `disabled`. */
  isLeaving: boolean
  /** Whether one of the requested attributes is verified; only where that was requested. */
  verified?: boolean, secondFactor: boolean
}

/** Who logs in, where an address must be verified. */
export type FoundForLogin = {
  user: User & { missing: readonly Missing[] } | null
  /** What a registration has left at the identifier. */
  decoy: Decoy | null
}

/** `userId`: null for a registration that has created nobody. `others`: what it has asked for besides its address. */
export type FreedRegistration = { id: string, userId: string | null, address: Identifier, others: readonly Identifier[] }

export type Profile = {
  id: string
  name: string | null
  /** Language of pages and messages; null: that of the browser, and the default one. */
  locale: string | null
  /** Of the option `profile`; only with it. */
  profile?: ProfileData
  identifiers: { attribute: string, display: string, verifiedAt: Date | null }[]
  disabledAt: Date | null
  createdAt: Date
  /** When the name or an identifier last changed; null when unchanged since the user was created, or unknown to this service. */
  claimsChangedAt: Date | null
}

export type NewUser = {
  name: string | null
  /** Null for somebody who logs in at an upstream provider. */
  passwordHash: string | null
  identifiers: Identifier[]
  /** Attributes of identifiers that an upstream provider vouches for. */
  verified?: string[] | undefined
  /** Identifies the form that created the user, and what was entered in it. */
  madeByForm?: Uint8Array | undefined
  /** Language of mails. */
  locale?: string | undefined
  profile?: Record<string, unknown> | undefined
  /** SHA-256 of an invitation, which is redeemed by creating the user: the address that it was sent to is verified. */
  invitation?: Uint8Array | undefined
  waiting?: Waiting & { decoy: Decoy } | undefined
  /** Of the terms that the user has accepted just now. */
  termsVersion?: string | undefined
}

/** With the password in place of what is made of it. */
export type EnteredUser = Omit<NewUser, 'passwordHash' | 'verified' | 'waiting'> & { password: string, waiting?: Waiting | undefined }

export type PasswordChange = { userId: string, passwordHash: string, passwordStamp: number, keepSession: string | null }

/** The effect of a token that was sent to an identifier. */
export type Proof = {
  userId: string
  /** The identifier that it proves; null for a token that an operator handed out. */
  attribute: string | null
  display: string | null
  /** Of the user, for a mail about it. */
  name: string | null
  locale: string | null
  /** It was not verified before. */
  first: boolean
  /** The first identifier that a user who registered within a month has verified. */
  isNew: boolean
  /** Since it was proven from elsewhere: the password, consents and sessions are gone, ... */
  cleaned: boolean
  /** ... and the identifiers of these attributes, which were not verified, ... */
  removed: string[]
  /** ... and these clients, which the user had registered. */
  clients: string[]
}

export type Verification = {
  /** SHA-256 of the token. */
  hash: Uint8Array
  /** Whose it must be, if known. */
  userId?: string | undefined
  /** It is redeemed by somebody who is logged in as that user, or has just proven the password: everything else stays. */
  keeps: boolean
  /** Attributes that can be verified. */
  verifiable: string[]
}

export type PasswordReset = Pick<Verification, 'hash' | 'verifiable'> & { passwordHash: string }

/** An identifier of a user to which something can be sent, and how to write to its owner. */
export type Recipient = {
  userId: string
  name: string | null
  /** Language of messages; null where the user has chosen none. */
  locale: string | null
  attribute: string
  value: string
  display: string
  verified: boolean
}

export type RecipientQuery = {
  /** The user, or the identifiers of which the first that exists names the user. */
  of: { userId: string } | { identifiers: Identifier[] }
  /** Attributes of the recipient, in the order of preference. An identifier of the query comes first, a verified one before others. */
  attributes: string[]
  /** Only one that is not verified. */
  unverified?: boolean
}

/** The operations on users that other modules need, independent of where users and passwords are stored. */
export type Users = {
  /** The user of the first identifier that exists, in the given order, and what they must still do before they may log in. */
  find: (identifiers: Identifier[]) => Promise<User & { missing: readonly Missing[] } | null>
  /** The same for a login. */
  findForLogin: (identifiers: Identifier[]) => Promise<FoundForLogin>
  /** The same for a user who is logged in: a deletion has ended that login. Makes no query where nothing can be missing. */
  missing: (proven: Proven) => Promise<readonly Missing[]>
  findById: (id: string) => Promise<User | null>
  /** As `find`, for a user who has proven otherwise who they are. @param proven how (RFC 8176) */
  findForEntry: (id: string, proven: readonly string[]) => Promise<User & { missing: readonly Missing[] } | null>
  /**
   * Checks the password of a user that `find` or `findById` returned. Without a user it takes the same time and returns false.
   * @throws Overloaded
   */
  verify: (user: User | null, password: string) => Promise<boolean>
  /** False where it was removed, or never set. */
  hasPassword: (id: string) => Promise<boolean>
  profile: (id: string) => Promise<Profile | null>
  /** Where a user who may log in is written to. */
  recipient: (query: RecipientQuery) => Promise<Recipient | null>
  /** Which of these identifiers belong to a user, other than `except`. */
  taken: (identifiers: Identifier[], except?: string) => Promise<string[]>
  /** Whether a form created the user of the identifier in the last `seconds`. */
  madeByForm: (identifier: Identifier, form: Uint8Array, seconds: number) => Promise<boolean>
  /**
   * @param prepare is called once the password is hashed; what it returns writes something in the same transaction
   * @returns null when an identifier has been taken by another user, or the invitation is no longer valid
   * @throws Overloaded
   */
  create: (user: EnteredUser, prepare?: () => Promise<AlsoWrite<Profile> | undefined>) => Promise<Profile | null>
  /**
   * A user who logs in at an upstream provider.
   * @param also writes the way in, in the same transaction
   * @returns null when an identifier, or that way in, has been taken by another user
   */
  createWithoutPassword: (user: Omit<NewUser, 'passwordHash' | 'waiting'>, also: AlsoWrite<Profile>) => Promise<Profile | null>
  /**
   * Takes the time of `create`, and creates nobody, since the address has an account: the other identifiers are held.
   * @throws Overloaded
   */
  createNobody: (user: EnteredUser & { waiting: Waiting }) => Promise<null>
  /**
   * Takes back a registration that waits for its address: what it has asked for is free again.
   * @returns false when it is not there any more, or its address was verified
   */
  freeRegistration: (registration: FreedRegistration) => Promise<boolean>
  /** Whether it is there, with a user or without. */
  hasRegistration: (registration: Pick<FreedRegistration, 'id' | 'address'>) => Promise<boolean>
  /**
   * Ends every session except `keepSession`.
   * @returns false when the password has changed since it was checked
   * @throws Overloaded
   */
  setPassword: (change: Omit<PasswordChange, 'passwordHash'> & { password: string }, also?: AlsoWrite) => Promise<boolean>
  /**
   * Redeems a token with the purpose `verify`: the identifier it was sent to is verified.
   * @returns null for a token that is not valid, or whose identifier is no longer the user's
   */
  verifyIdentifier: (verification: Verification, also?: AlsoWrite<Proof>) => Promise<Proof | null>
  /**
   * Redeems a token with the purpose `reset`: the password is set, every session ends, and the identifier is verified.
   * @returns null as `verifyIdentifier`
   * @throws Overloaded
   */
  resetPassword: (reset: Omit<PasswordReset, 'passwordHash'> & { password: string }, also?: AlsoWrite<Proof>) => Promise<Proof | null>
  /** What the user logs in with. */
  identifiers: (userId: string) => Promise<StoredIdentifier[]>
  /**
   * All or nothing. `taken`: an identifier belongs to another user, or was theirs a short time ago; `last`: no identifier would be left to
   * log in with; `stale`: the password has changed, or the user is disabled; `often`: an attribute has changed too often of late;
   * `profile`: the change of the profile refuses what is stored.
   * @param also writes something in the same transaction
   */
  changeProfile: (change: ProfileChange, also?: AlsoWrite<IdentifierChange[]>) => Promise<Profile | 'taken' | 'last' | 'required' | 'stale' | 'often' | 'profile'>
  /**
   * Redeems a token with the purpose `change`: the new identifier takes the place of the one before.
   * @returns null for a token that is not valid, whose user has another identifier by now, or whose new value is no longer free
   */
  confirmChange: (confirmation: Confirmation, also?: AlsoWrite<IdentifierChange>) => Promise<IdentifierChange | null>
  /**
   * Redeems a token with the purpose `undo`: what the user logged in with before is back, everything of the user ends, and the password
   * is removed.
   * @param hash SHA-256 of the token
   * @returns null for a token that is not valid
   */
  undoChange: (hash: Uint8Array, also?: AlsoWrite<UndoneChange>) => Promise<UndoneChange | null>
}

/** Our own users table. */
export type UserStore = Pick<
  Users,
  'profile' | 'recipient' | 'taken' | 'freeRegistration' | 'hasRegistration' | 'changeProfile' | 'verifyIdentifier' | 'identifiers' | 'confirmChange' | 'undoChange'
> & {
  resetPassword: (reset: PasswordReset, also?: AlsoWrite<Proof>) => Promise<Proof | null>
  /**
   * The user of the first identifier that exists, in the given order.
   * @param attributes of which one must be verified; none where nothing is required
   */
  findByIdentifiers: (identifiers: Identifier[], attributes?: readonly string[]) => Promise<OwnUser | null>
  /** The same, with what a registration has left at the identifier; that also without a user. */
  findForLogin: (identifiers: Identifier[], attributes: readonly string[]) => Promise<{ user: OwnUser | null, decoy: Decoy | null }>
  /** Whether one of these attributes of the user is verified. */
  hasVerified: (id: string, attributes: readonly string[]) => Promise<boolean>
  find: (id: string) => Promise<OwnUser | null>
  list: (page: { after?: string | undefined, limit: number }) => Promise<Profile[]>
  /** The user that a form created in the last `seconds`, if the identifier belongs to it. */
  madeByForm: (identifier: Identifier, form: Uint8Array, seconds: number) => Promise<OwnUser | null>
  /** @returns null when an identifier has been taken by another user, or the invitation is no longer valid */
  create: (user: NewUser, also?: AlsoWrite<Profile>) => Promise<Profile | null>
  /** Writes as much as `create`, and holds the identifiers. */
  createNobody: (user: NewUser) => Promise<void>
  /** Stores a stronger hash of the same password, if it has not changed. */
  rehash: (userId: string, passwordStamp: number, newHash: string) => Promise<void>
  /** Ends every session except `keepSession`; false when the password has changed since it was checked. */
  changePassword: (change: PasswordChange, also?: AlsoWrite) => Promise<boolean>
  /** Ends every session of a disabled user. @returns false when there is no such user */
  setDisabled: (id: string, disabled: boolean) => Promise<boolean>
  foldRevocations: (id: string) => Promise<void>
}
