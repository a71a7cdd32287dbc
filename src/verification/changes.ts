import type { Events } from '../events/events.ts'
import type { Transaction } from '../database/transaction.ts'
import type { QueueSms } from '../mail/queue.ts'
import type { Caller } from '../oauth/ports.ts'
import type { OutboxEntry, OutboxWrites } from '../outbox/ports.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Attributes, Identifier } from '../users/attributes.ts'
import { tellChange } from '../users/change-profile.ts'
import type { IdentifierHolds } from '../users/identifier-holds.ts'
import type { IdentifierChange } from '../users/identifier-change.ts'
import type { Recipient, Users } from '../users/ports.ts'
import type { ChangeNotices, PreparedNotices } from './change-notices.ts'
import type { Link } from './links.ts'
import { CODE_TTL, TOKEN_TTL, type IssuedToken, type OneTimeTokens } from './one-time-tokens.ts'
import type { AlsoWrite, OneTimeToken } from './ports.ts'
import { languagesOf, type MailPort, type Preferences } from './recipient.ts'
import type { AllowTextMessage } from './text-messages.ts'

/** Who changes what they log in with. `boundTo`: the session, in which a code can be entered. */
export type Changer = { userId: string, boundTo: string, caller: Caller, preferences: Preferences }

/** A new value that its owner must confirm first, and the value that it replaces. */
export type Wanted = { identifier: Identifier, before: string | null }

type Request = {
  changer: Changer
  wanted: Wanted[]
  /** Attributes that change at once: what waits for them is dropped. */
  direct: string[]
  /** Where a mail leads to; there is one where a mail is to be sent. */
  link: Link | undefined
}

/** What waits for a confirmation. */
export type Pending = { attribute: string, display: string }

export type Confirming = {
  userId: string
  caller: Caller
  preferences: Preferences
} & ({ token: string } | { code: string, attribute: string, boundTo: string })

export type PreparedChanges = Pick<PreparedNotices, 'isTold'> & {
  /** What is written with the changes: tokens, and messages to the new and the old addresses. */
  write: AlsoWrite<IdentifierChange[]>
}

export type IdentifierChanges = {
  /** Counts its messages. */
  prepare: (request: Request) => Promise<PreparedChanges>
  pending: (userId: string) => Promise<Pending[]>
  /** Sends the message to a new address once more. @returns false when nothing waits for the attribute. @throws TooManyAttempts */
  sendAgain: (changer: Changer, attribute: string, link: Link) => Promise<boolean>
  cancel: (userId: string, attribute: string) => Promise<void>
  /** By who is logged in as the user, or has proven the password. @returns null for anything that is wrong with the token or code */
  confirm: (request: Confirming) => Promise<IdentifierChange | null>
}

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'taken' | 'recipient' | 'confirmChange'>
  tokens: Pick<OneTimeTokens, 'issue' | 'find' | 'findByCode' | 'list' | 'cancel'>
  holds: Pick<IdentifierHolds, 'hashesOf'>
  notices: ChangeNotices
  throttle: Pick<Throttle, 'message' | 'identifierChange'>
  outbox: Pick<OutboxWrites, 'writeEvenly'>
  mail: MailPort
  sms: { queue: QueueSms, allow: AllowTextMessage }
  /** Where the owner of an account goes on. */
  pages: () => { loginUrl: string }
  events: Pick<Events, 'emit'>
}

/** What is sent to a new address. */
type Message = Wanted & {
  /** It belongs to somebody else, or nobody may have it. */
  isTaken: boolean
  /** Whose address it is. */
  owner: Recipient | null
  /** It has had enough messages. */
  isSilent: boolean
}

/**
 * Changes of e-mail addresses and phone numbers, which their owners confirm first. Nothing tells that a new value belongs to somebody else:
 * a token is created for it, too, which never takes effect, and the owner of a taken address alone is told by mail.
 */
export function createIdentifierChanges (
  { attributes, users, tokens, holds, notices, throttle, outbox, mail, sms, pages, events }: Dependencies
): IdentifierChanges {
  const isPhone = (attribute: string) => attributes.some(({ name, channel }) => name === attribute && channel === 'sms')

  async function messageOf (wanted: Wanted, userId: string): Promise<Message> {
    const { identifier } = wanted
    const taken = await users.taken([identifier], userId)
    const { attribute, value } = identifier
    const isTaken = taken.length > 0
    const owner = await users.recipient({ of: { identifiers: [identifier] }, attributes: [attribute] })
    // Counted apart from what the owner of a taken one asks for, who could otherwise be left without; and no text message is sent to them
    const isText = isPhone(attribute) && !isTaken
    const mayBeSent = await (isText ? sms.allow(value) : throttle.message('change', attribute, value))
    return { ...wanted, isTaken, owner, isSilent: !mayBeSent }
  }

  function entriesOf (
    { identifier, isTaken, owner }: Message,
    { token, code }: IssuedToken,
    { userId, preferences }: Changer,
    link: Link | undefined
  ): OutboxEntry[] {
    const { attribute, value, display: address } = identifier
    const locale = mail.localeFor(isTaken ? languagesOf(owner?.locale ?? null, {}) : preferences)
    const to = { address, verified: false } as const
    if (isPhone(attribute)) {
      return sms.queue('code', value, { code: code ?? '', expiresIn: CODE_TTL }, { locale, expiresIn: CODE_TTL })
    }
    if (isTaken) return mail.queue('identifierTaken', to, pages(), { locale })
    const url = link?.({ userId, token, address })
    const model = { url, code: code ?? undefined, expiresIn: TOKEN_TTL.change, codeExpiresIn: CODE_TTL }
    return mail.queue('identifierChange', to, model, { locale, expiresIn: TOKEN_TTL.change })
  }

  async function ask (message: Message, changer: Changer, link: Link | undefined, transaction?: Transaction): Promise<void> {
    const { identifier: { attribute, value, display }, before, isTaken, owner, isSilent } = message
    // Of an address that was given up, or is held, nobody is told that it has an account
    const hasNoReader = isSilent || (isTaken && (owner === null || isPhone(attribute)))
    await tokens.issue({
      purpose: 'change', userId: changer.userId, identifier: { attribute, value }, payload: { display, before }, boundTo: changer.boundTo
    }, async (client, issued) => {
      await outbox.writeEvenly(entriesOf(message, issued, changer, link), hasNoReader, client)
    }, transaction)
  }

  const isOf = (token: OneTimeToken, { identifier: { attribute, value } }: Wanted) => token.attribute === attribute && token.value === value

  const prepare: IdentifierChanges['prepare'] = async ({ changer, wanted, direct, link }) => {
    const { userId } = changer
    const waiting = wanted.length > 0 ? await tokens.list(userId, 'change') : []
    const messages: Message[] = []
    for (const each of wanted) messages.push(await messageOf(each, userId))
    const { tell, isTold } = await notices.prepare(changer)
    const write: PreparedChanges['write'] = async (transaction, changes) => {
      if (direct.length > 0) await tokens.cancel(userId, 'change', direct, transaction)
      for (const message of messages) {
        // The link that was sent a moment ago stays valid
        const isWaiting = message.isSilent && waiting.some((token) => isOf(token, message))
        if (!isWaiting) await ask(message, changer, link, transaction)
      }
      for (const change of changes) await tell(transaction, change)
    }
    return { write, isTold }
  }

  const pending: IdentifierChanges['pending'] = async (userId) =>
    (await tokens.list(userId, 'change')).map(({ attribute, payload: { display } }) => ({ attribute: attribute!, display: String(display) }))

  const sendAgain: IdentifierChanges['sendAgain'] = async (changer, attribute, link) => {
    const token = (await tokens.list(changer.userId, 'change')).find((token) => token.attribute === attribute)
    if (token?.value === undefined || token.value === null) return false
    const { display, before } = token.payload
    await throttle.identifierChange(changer.userId)
    const identifier = { attribute, value: token.value, display: String(display) }
    const message = await messageOf({ identifier, before: before === null ? null : String(before) }, changer.userId)
    if (!message.isSilent) await ask(message, changer, link)
    return true
  }

  const confirm: IdentifierChanges['confirm'] = async ({ userId, caller, preferences, ...by }) => {
    const found = 'token' in by ? await tokens.find(by.token, 'change') : await tokens.findByCode({ purpose: 'change', ...by })
    if (found?.userId !== userId || found.value === null || found.attribute === null) return null
    const { attribute, value } = found
    const { tell } = await notices.prepare({ userId, caller, preferences })
    const change = await users.confirmChange(
      { hash: found.hash, userId, holds: await holds.hashesOf([{ attribute, value }]) },
      async (transaction, change) => await tell(transaction, change)
    )
    if (change) tellChange(events, change, { userId, caller })
    return change
  }

  return { prepare, pending, sendAgain, cancel: async (userId, attribute) => await tokens.cancel(userId, 'change', [attribute]), confirm }
}
