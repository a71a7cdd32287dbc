import type { Transaction } from '../database/transaction.ts'

/** What goes out: each kind has a transport of its own. */
export type OutboxKind = 'mail' | 'sms'

/**
 * `send`: there is a transport; `keep`: entries are kept to be looked at and are never sent, as in development; `off`: there is neither,
 * and nothing is to be written.
 */
export type OutboxMode = 'send' | 'keep' | 'off'

/** A sealed entry that is not written yet: plain JSON, for `jsonb_to_recordset`. */
export type OutboxEntry = {
  /** UUID v7; the Message-ID of a mail follows from it. */
  id: string
  kind: OutboxKind
  /** AES-256-GCM, in base64. */
  sealed: string
  /** Seconds after which it is no longer sent. */
  expiresIn: number
  /** Kept to be looked at, never sent. */
  parked: boolean
}

/** Writes entries with what causes them. */
export type OutboxWrites = {
  /**
   * Runs an INSERT, UPDATE or DELETE with RETURNING, and in the same statement writes entries if it returns a row.
   * @returns its rows
   */
  writeWith: <Row extends object>(statement: { name: string, text: string, values: unknown[] }, entries?: OutboxEntry[]) => Promise<Row[]>
  /** With a `transaction`, they are sent after its commit. */
  write: (entries: OutboxEntry[], transaction?: Transaction) => Promise<void>
  /**
   * Where the answer must take the same time whether or not anybody gets a message: what is for nobody is written, too, has expired from
   * the start, and is never sent.
   */
  writeEvenly: (entries: OutboxEntry[], isForNobody: boolean, transaction: Transaction) => Promise<void>
}

/** An entry that this process has leased and is to send. */
export type ClaimedEntry = {
  id: string
  kind: OutboxKind
  sealed: Uint8Array
  /** Including this one. It also identifies the lease. */
  attempts: number
  isExpired: boolean
  /** Seconds since it was written. */
  age: number
}

/** An entry that is only looked at, in development. */
export type KeptEntry = { id: string, kind: OutboxKind, sealed: Uint8Array, createdAt: Date }

/** Entries that wait, and those that were given up. */
export type OutboxCounts = {
  queued: number
  /** Dead letters. */
  failed: number
  /** Seconds for which the oldest queued entry has been waiting. */
  oldest: number
}

/** An entry that was given up. */
export type DeadLetter = { id: string, kind: OutboxKind, attempts: number, failedAt: Date, expiresAt: Date, lastError: string | null }

type Lease = Pick<ClaimedEntry, 'id' | 'attempts'>

export type OutboxStore = {
  /** Leases entries that are due, to this process. */
  claim: (kinds: OutboxKind[], limit: number, leaseSeconds: number) => Promise<ClaimedEntry[]>
  /** Deletes what was sent. */
  sent: (id: string) => Promise<void>
  /** Ends the lease; the next attempt is due after `delay` seconds, or at the expiry. */
  retry: (lease: Lease, delay: number, error: string) => Promise<void>
  /** Ends the lease as a dead letter. */
  fail: (lease: Lease, error: string) => Promise<void>
  /** Gives back leases without having tried. */
  release: (leases: Lease[]) => Promise<void>
}

export type OutgoingMessage = {
  id: string
  /** RFC 5322 section 3.6.4, the same at every attempt. */
  messageId: string
  payload: unknown
}

/**
 * Hands a message over to whoever delivers it.
 * @throws DeliveryError, or any other error, after which it is tried again
 */
export type Transport = {
  send: (message: OutgoingMessage, signal: AbortSignal) => Promise<void>
}

type DeliveryProblem = {
  /** Trying again is useless: the server refused this message. */
  permanent?: boolean
  /** The server was not reached: others need not be tried now. */
  unreachable?: boolean
  cause?: unknown
}

/** Why a message was not accepted. */
export class DeliveryError extends Error {
  readonly permanent: boolean
  readonly unreachable: boolean

  constructor (message: string, { permanent = false, unreachable = false, cause }: DeliveryProblem = {}) {
    super(message, { cause })
    this.name = 'DeliveryError'
    this.permanent = permanent
    this.unreachable = unreachable
  }
}
