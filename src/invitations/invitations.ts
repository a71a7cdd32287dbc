import { hashSecret } from '../crypto/secrets.ts'
import type { QueueMail } from '../mail/queue.ts'
import type { OutboxEntry } from '../outbox/ports.ts'
import type { Transaction } from '../database/transaction.ts'
import type { Attribute, Attributes, Identifier } from '../users/attributes.ts'
import { TOKEN_TTL, type OneTimeTokens } from '../verification/one-time-tokens.ts'
import type { InvitationStore } from './ports.ts'

/** Whom an invitation was sent to, and the SHA-256 of its token, under which the registration redeems it. */
export type Invited = { identifier: Identifier, hash: Uint8Array }

export type NewInvitation = {
  /** The address as it is shown. */
  display: string
  /** Contains the token. */
  url: string
  expiresAt: Date
  /** Whether a mail with the link is sent. */
  isMailed: boolean
}

export type Invitations = {
  /** The attribute that people are invited by. */
  attribute: Attribute
  /** Invites the owner of an address. Earlier invitations of the address are void. Says nothing about whether it has an account. */
  create: (identifier: Identifier, locale: string) => Promise<NewInvitation>
  /** A valid invitation; nothing changes. */
  find: (token: string) => Promise<Invited | null>
  /** A valid invitation of an address whose owner is known without its token; nothing changes. */
  findFor: (identifier: Identifier) => Promise<Invited | null>
}

/** Null where nobody can be invited. */
export type LoadInvitations = () => Promise<Invitations | null>

type Dependencies = {
  attributes: Attributes
  tokens: Pick<OneTimeTokens, 'issue' | 'find'>
  store: Pick<InvitationStore, 'withdraw' | 'find'>
  mail: { isOn: boolean, queue: QueueMail }
  writeMails: (mails: OutboxEntry[], transaction: Transaction) => Promise<void>
  /** The issuer may follow the port. */
  address: { readonly issuer: string }
  now: () => number
}

/** Path of the page on which an invitation is accepted. */
const PAGE = '/register'

/** @returns null when no login attribute is an e-mail address */
export function createInvitations ({ attributes, tokens, store, mail, writeMails, address, now }: Dependencies): Invitations | null {
  const attribute = invitedBy(attributes)
  if (!attribute) return null

  async function create (identifier: Identifier, locale: string): Promise<NewInvitation> {
    const { display } = identifier
    const expiresIn = TOKEN_TTL.invite
    const urlOf = (token: string) => `${address.issuer}${PAGE}?${new URLSearchParams({ invitation: token })}`
    const issued = await tokens.issue({ purpose: 'invite', userId: null, identifier, payload: { display } }, async (transaction, { token }) => {
      await store.withdraw(identifier, hashSecret(token), transaction)
      // The address is not verified: the mail has no words of whoever invites
      const mails = mail.queue('invitation', { address: display, verified: false }, { url: urlOf(token), expiresIn }, { locale, expiresIn })
      await writeMails(mails, transaction)
    })
    if (!issued) throw new TypeError('An invitation has no user, so that it is always created')
    return { display, url: urlOf(issued.token), expiresAt: new Date(now() + expiresIn * 1000), isMailed: mail.isOn }
  }

  async function find (text: string): Promise<Invited | null> {
    const token = await tokens.find(text, 'invite')
    if (!token || token.attribute !== attribute?.name || token.value === null) return null
    const { display = token.value } = token.payload as { display?: string }
    return { identifier: { attribute: token.attribute, value: token.value, display }, hash: token.hash }
  }

  async function findFor (identifier: Identifier): Promise<Invited | null> {
    const hash = await store.find(identifier)
    return hash && { identifier, hash }
  }

  return { attribute, create, find, findFor }
}

function invitedBy (attributes: Attributes): Attribute | undefined {
  return attributes.find(({ channel }) => channel === 'mail')
}
