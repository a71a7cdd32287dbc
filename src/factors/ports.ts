import type { Transaction } from '../database/transaction.ts'

/** Characters of a code that somebody types in. */
export const MAX_CODE = 100

export type FactorKind = 'totp' | 'email' | 'sms'

/** What a login can be gone on with. */
export type Way = FactorKind | 'recovery_code'

/** A confirmed second factor of a user. */
export type Factor = {
  id: string
  kind: FactorKind
  name: string | null
  createdAt: Date
  lastUsedAt: Date | null
}

/** A secret of which codes are made (RFC 6238), as it is stored. */
export type SealedSecret = { id: string, sealed: Uint8Array }

/** Whose factors are changed, as they are logged in: that session goes on, every other one of theirs ends. */
export type FactorOwner = { userId: string, sessionId: string, tokenEpoch: number }

export type NewFactor = SealedSecret & { kind: FactorKind, name: string | null }

export type Also = (transaction: Transaction) => Promise<void>

/** A factor that was just shown to work. */
export type Confirmation = {
  id: string
  /** That of the code. */
  step: number
  /** SHA-256 of codes that the user gets if they have none. */
  recoveryCodes: Uint8Array[]
}

export type FactorStore = {
  list: (userId: string) => Promise<Factor[]>
  hasPasskey: (userId: string) => Promise<boolean>
  recoveryCodesLeft: (userId: string) => Promise<number>
  /**
   * Begins a factor, in place of others that were begun.
   * @returns `full` when the user has as many as there may be; `gone` when they have been logged out
   */
  begin: (owner: FactorOwner, factor: NewFactor, max: number) => Promise<'begun' | 'full' | 'gone'>
  /** One that was begun in the last `seconds`. */
  begun: (userId: string, id: string, seconds: number) => Promise<SealedSecret | null>
  /**
   * The factor works from now on: every other session of the user ends, and logins that have begun.
   * @returns null when it was not begun, or confirmed before; `hasCodes`: the recovery codes were stored
   */
  confirm: (owner: FactorOwner, confirmation: Confirmation, seconds: number, also: Also) => Promise<{ hasCodes: boolean } | null>
  /** Replaces those that the user has. @returns false when the user has no factor, or has been logged out */
  replaceRecoveryCodes: (owner: FactorOwner, hashes: Uint8Array[]) => Promise<boolean>
  /**
   * Ends every other session of the user, too. With the last factor the recovery codes go.
   * @returns its kind, or null when there is none
   */
  remove: (owner: FactorOwner, id: string, also: Also) => Promise<FactorKind | null>
  /** Removes all of them and the passkeys, for the operator, and ends every session. @returns their kinds */
  reset: (userId: string, also: Also) => Promise<(FactorKind | 'passkey')[]>
  /** The secrets of `totp`. */
  secrets: (userId: string) => Promise<SealedSecret[]>
  /** Ends the auth session, if it is there, together with what was entered in it: all or nothing. */
  pass: (login: WaitingLogin, entered: Entered) => Promise<boolean>
}

/** A login at which the second factor is missing. */
export type WaitingLogin = { hash: Uint8Array, clientId: string | null, userId: string }

/** A code of a `totp` factor, or a recovery code. */
export type Entered = { factorId: string, step: number } | { recoveryCode: Uint8Array }
