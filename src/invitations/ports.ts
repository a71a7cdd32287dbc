import type { Transaction } from '../database/transaction.ts'
import type { Identifier } from '../users/attributes.ts'

/** An invitation that was not accepted yet. */
export type PendingInvitation = { display: string, createdAt: Date, expiresAt: Date }

export type InvitationStore = {
  /** Withdraws the invitations of an address, except for a new one. @returns how many there were */
  withdraw: (identifier: Pick<Identifier, 'attribute' | 'value'>, except?: Uint8Array, transaction?: Transaction) => Promise<number>
  /** The SHA-256 of the token of a valid invitation of an address. */
  find: (identifier: Pick<Identifier, 'attribute' | 'value'>) => Promise<Uint8Array | null>
  /** The latest first. */
  list: (limit: number) => Promise<PendingInvitation[]>
}
