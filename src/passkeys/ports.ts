import type { Also, FactorOwner } from '../factors/ports.ts'

/** A passkey of a user (WebAuthn Level 3, section 4: public key credential source). */
export type Passkey = {
  id: string
  credentialId: Uint8Array
  transports: string[]
  rpId: string
  /** It can be synced to other devices. */
  backupEligible: boolean
  backedUp: boolean
  name: string | null
  createdAt: Date
  lastUsedAt: Date | null
}

export type NewPasskey = Omit<Passkey, 'createdAt' | 'lastUsedAt'> & {
  /** COSE_Key (RFC 9052). */
  publicKey: Uint8Array
  /** Signature counter; 0 for authenticators that have none. */
  counter: number
  aaguid: string
}

export type PasskeyStore = {
  list: (userId: string) => Promise<Passkey[]>
  /**
   * Ends every other session of the user, too.
   * @returns `full` when the user has `max`; `taken` when the credential is registered; `gone` when they have been logged out
   */
  add: (owner: FactorOwner, passkey: NewPasskey, max: number, also: Also) => Promise<'added' | 'full' | 'taken' | 'gone'>
  /** @returns whether there is such a passkey */
  rename: (userId: string, id: string, name: string | null) => Promise<boolean>
  /** Ends every other session of the user, too. @returns whether it was removed */
  remove: (owner: FactorOwner, id: string, also: Also) => Promise<boolean>
}
