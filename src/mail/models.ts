/** A link, a code to type in, or both, valid for `expiresIn` seconds; the code for `codeExpiresIn`, where that is less. */
type Proof = { url?: string | undefined, code?: string | undefined, expiresIn: number, codeExpiresIn?: number | undefined }

/** When something happened, and a page of ours where it can be undone or looked at. */
type Notice = { at: Date, url: string }

export type Factor = 'totp' | 'passkey' | 'recovery_codes' | 'email'

/**
 * What a mail says besides its words. URLs are made from the issuer or from configured front ends, never from a request. Nothing in here is
 * text that somebody typed: that is in `Words`.
 */
export type MailModels = {
  /** Proves an address. */
  verify: Proof
  /** Somebody registered with an address that has an account: its owner is told, and nobody else. */
  taken: { loginUrl: string, resetUrl: string }
  welcome: { url: string }
  verified: { url: string }
  reset: Proof
  passwordChanged: Notice
  newDevice: Notice
  factorAdded: Notice & { factor: Factor }
  factorRemoved: Notice & { factor: Factor }
  /** `provider`: its name on buttons, which the operator chose. */
  identityLinked: Notice & { provider: string }
  identityUnlinked: Notice & { provider: string }
  /** To the new address: confirms it. */
  identifierChange: Proof
  /** To the old address, with a link that undoes it, where there is a page for it. */
  identifierChanged: { attribute: string, at: Date, undoUrl?: string | undefined, expiresIn: number }
  /** A change was undone, and the password is gone: `url` leads to a new one. */
  changeUndone: Notice & { attribute: string }
  /** Somebody wants to change their address to one that has another account: its owner is told, and nobody else. */
  identifierTaken: { loginUrl: string }
  /** `at`: when the account will be deleted. */
  deletionScheduled: { at: Date, restoreUrl: string }
  restored: { at: Date, url: string }
  invitation: { url: string, expiresIn: number }
  /** Of `latchkey mail test`. */
  test: Record<never, never>
}

export type MailName = keyof MailModels

/**
 * Text that a requester chose. It goes to verified addresses only: otherwise anybody could write to a stranger through us.
 */
export type Words = {
  /** Name of the user. */
  name?: string | null | undefined
  /** `User-Agent` of the request. */
  userAgent?: string | null | undefined
  ip?: string | null | undefined
}

export type Recipient =
  | { address: string, verified: true, words?: Words }
  | { address: string, verified: false, words?: never }

export type SmsModels = {
  /** Proves a phone number, or that it is still the user's. */
  code: { code: string, expiresIn: number }
}

export type SmsName = keyof SmsModels
