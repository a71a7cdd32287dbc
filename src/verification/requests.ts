import { setTimeout as sleep } from 'node:timers/promises'
import { originOf, type Events } from '../events/events.ts'
import type { MailModels } from '../mail/models.ts'
import type { QueueSms } from '../mail/queue.ts'
import type { Caller } from '../oauth/ports.ts'
import type { OutboxEntry, OutboxWrites } from '../outbox/ports.ts'
import type { Throttle } from '../throttle/throttle.ts'
import { candidatesFor, MAX_IDENTIFIER, type Attributes, type Identifier } from '../users/attributes.ts'
import type { Recipient, RecipientQuery, Users } from '../users/ports.ts'
import type { Link } from './links.ts'
import { BY_MAIL, CODE_TTL, TOKEN_TTL, type IssuedToken, type OneTimeTokens } from './one-time-tokens.ts'
import type { AllowTextMessage } from './text-messages.ts'
import type { AlsoWrite } from './ports.ts'
import { languagesOf, mailRecipient, type MailPort, type Preferences } from './recipient.ts'

/** Who asks, and for whom. */
export type ProofRequest =
  /** Anybody, for the user of a login identifier: nothing tells whether there is one. */
  | { typed: string }
  /** The user. With `boundTo` their message has a code, too, which only that session can enter. */
  | { userId: string, boundTo?: string, preferences: Preferences }

/** `locale`: that the user has chosen. */
type NewRecipient = { address: Identifier, locale: string | null, preferences: Preferences }

export type ProofRequests = {
  /** Mails a link to verify the address of a user, unless it is verified. */
  verifyEmail: (request: ProofRequest, link: Link) => Promise<void>
  /**
   * Prepares the same for a user who is created by the transaction that writes it.
   * @returns nothing when the address has had enough messages
   */
  verifyNew: (user: NewRecipient, link: Link) => Promise<AlsoWrite<{ id: string }> | undefined>
  /** Tells the owner of an address that somebody tried to register with it. The same statements as a verification. */
  addressTaken: (identifier: Identifier, boundTo: string) => Promise<void>
  /** Sends a code to verify the phone number of a user, unless it is verified. */
  verifyPhone: (request: Exclude<ProofRequest, { typed: string }>) => Promise<void>
  /** Mails a link to set a new password, to the address of the user of a login identifier. */
  resetPassword: (typed: string, link: Link, caller: Caller) => Promise<void>
}

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'recipient'>
  tokens: Pick<OneTimeTokens, 'issue'>
  throttle: Pick<Throttle, 'message'>
  outbox: Pick<OutboxWrites, 'write' | 'writeEvenly'>
  mail: MailPort
  sms: { queue: QueueSms, allow: AllowTextMessage }
  events: Pick<Events, 'emit'>
  /** Where the owner of an account goes on. */
  pages: () => MailModels['taken']
  /** Milliseconds. */
  monotonic: () => number
}

type Sending = [purpose: 'verify' | 'reset', request: ProofRequest, query: Omit<RecipientQuery, 'of'>, message: Message]
type Message = (recipient: Recipient, issued: IssuedToken) => OutboxEntry[]

/** Answers to requests of anybody take a multiple of this: what a few rows more cost is not seen. */
const STEP_MS = 50

/**
 * Requests for a message with a token. What nobody receives takes the same statements, so the same time: a token is created that belongs to
 * no user, and nobody ever learns its text.
 */
export function createProofRequests (
  { attributes, users, tokens, throttle, outbox, mail, sms, events, monotonic, pages }: Dependencies
): ProofRequests {
  const named = (channel: 'mail' | 'sms') => attributes.filter((attribute) => attribute.channel === channel).map(({ name }) => name)
  const [addresses, numbers] = [named('mail'), named('sms')]

  async function send (...sending: Sending): Promise<Recipient | null> {
    const work = () => sendTo(...sending)
    return await ('typed' in sending[1] ? evenly(work) : work())
  }

  async function sendTo (...[purpose, request, query, message]: Sending): Promise<Recipient | null> {
    const identifiers = 'typed' in request ? candidatesFor(attributes, request.typed) : []
    const found = await users.recipient({ ...query, of: 'typed' in request ? { identifiers } : request })
    const nobody = identifiers[0] ?? { attribute: '', value: 'typed' in request ? request.typed.slice(0, MAX_IDENTIFIER) : request.userId }
    const { attribute, value } = found ?? nobody
    const isText = found !== null && numbers.includes(attribute)
    // What sends nothing must not use up the messages of whoever has the address
    const isAllowed = isText ? await sms.allow(value) : await throttle.message(...found ? [] : ['nobody'], attribute, value)
    const recipient = isAllowed ? found : null
    await tokens.issue({
      purpose,
      userId: recipient?.userId ?? null,
      identifier: recipient && { attribute, value },
      ...(purpose === 'reset' && { payload: BY_MAIL }),
      ...(recipient && 'boundTo' in request && request.boundTo !== undefined && { boundTo: request.boundTo })
    }, async (transaction, issued) => {
      const entries = message(recipient ?? { ...NOBODY, attribute, value, display: value }, issued)
      await outbox.writeEvenly(entries, recipient === null, transaction)
    })
    return recipient
  }

  async function evenly<T> (work: () => Promise<T>): Promise<T> {
    const startedAt = monotonic()
    try {
      return await work()
    } finally {
      await sleep(STEP_MS - (monotonic() - startedAt) % STEP_MS)
    }
  }

  const localeOf = ({ locale }: Recipient, request?: ProofRequest) =>
    mail.localeFor(languagesOf(locale, request && 'preferences' in request ? request.preferences : {}))

  const linkMail = (to: Pick<Recipient, 'userId' | 'display' | 'verified' | 'name'>, { token, code }: IssuedToken, link: Link, locale: string) =>
    mail.queue(
      'verify',
      mailRecipient(to),
      {
        url: link({ userId: to.userId, token, address: to.display }),
        code: code ?? undefined, expiresIn: TOKEN_TTL.verify, codeExpiresIn: CODE_TTL
      },
      { locale, expiresIn: TOKEN_TTL.verify }
    )

  const verifyEmail: ProofRequests['verifyEmail'] = async (request, link) => {
    await send('verify', request, { attributes: addresses, unverified: true }, (recipient, issued) =>
      linkMail(recipient, issued, link, localeOf(recipient, request)))
  }

  const verifyNew: ProofRequests['verifyNew'] = async ({ address: { attribute, value, display }, locale, preferences }, link) => {
    if (!await throttle.message(attribute, value)) return undefined
    return async (transaction, { id: userId }) => {
      await tokens.issue({ purpose: 'verify', userId, identifier: { attribute, value } }, async (client, issued) => {
        const to = { userId, display, verified: false, name: null }
        await outbox.write(linkMail(to, issued, link, mail.localeFor(languagesOf(locale, preferences))), client)
      }, transaction)
    }
  }

  const addressTaken: ProofRequests['addressTaken'] = async (identifier, boundTo) => {
    const { attribute, value } = identifier
    const found = await users.recipient({ of: { identifiers: [identifier] }, attributes: [attribute] })
    // Not counted with the links that the owner asks for: anybody can register with the address
    const recipient = await throttle.message('taken', attribute, value) ? found : null
    const shown = recipient ?? { ...NOBODY, ...identifier }
    await tokens.issue({ purpose: 'verify', userId: null, identifier: null, boundTo }, async (transaction) => {
      const entries = mail.queue('taken', mailRecipient(shown), pages(), { locale: localeOf(shown) })
      await outbox.writeEvenly(entries, recipient === null, transaction)
    })
  }

  const verifyPhone: ProofRequests['verifyPhone'] = async (request) => {
    await send('verify', request, { attributes: numbers, unverified: true }, (recipient, { code }) => code === null
      ? []
      : sms.queue('code', recipient.value, { code, expiresIn: CODE_TTL }, { locale: localeOf(recipient, request), expiresIn: CODE_TTL }))
  }

  const resetPassword: ProofRequests['resetPassword'] = async (typed, link, caller) => {
    const recipient = await send('reset', { typed }, { attributes: addresses }, (recipient, { token }) => mail.queue(
      'reset',
      mailRecipient(recipient),
      { url: link({ userId: recipient.userId, token, address: recipient.display }), expiresIn: TOKEN_TTL.reset },
      { locale: localeOf(recipient), expiresIn: TOKEN_TTL.reset }
    ))
    if (recipient) events.emit('password.reset_requested', { userId: recipient.userId, ...originOf(caller) })
  }

  return { verifyEmail, verifyNew, addressTaken, verifyPhone, resetPassword }
}

const NOBODY = { userId: '00000000-0000-0000-0000-000000000000', name: null, locale: null, verified: false }
