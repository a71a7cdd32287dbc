import type { Outbox } from '../outbox/outbox.ts'
import type { OutboxEntry } from '../outbox/ports.ts'
import type { MailModels, MailName, Recipient, SmsModels, SmsName } from './models.ts'
import { isTurnedOff, type Notices } from './notices.ts'

/** As it lies in the outbox; dates are ISO 8601 by then. */
export type QueuedMail = { name: string, to: Recipient, model: object, locale: string }
export type QueuedSms = { name: string, to: string, model: object, locale: string }

type QueueOptions = {
  /** The language of the recipient, such as `de-AT`; see `languageFor` of the mail service. */
  locale: string
  /** Seconds after which it is not sent any more: those for which the link or code in it is valid. Default: three days. */
  expiresIn?: number
}

export type QueueMail = <Name extends MailName>(name: Name, to: Recipient, model: MailModels[Name], options: QueueOptions) => OutboxEntry[]
/** @param to E.164, such as +4915112345678 */
export type QueueSms = <Name extends SmsName>(name: Name, to: string, model: SmsModels[Name], options: QueueOptions) => OutboxEntry[]

/** Languages that mails have texts in: each is a file in src/mail/texts, loaded with the first mail. */
export const mailLanguages = ['en', 'de', 'fr'] as const

const DEFAULT_EXPIRY = 3 * 86_400

/**
 * Prepares a mail for the outbox, to be written with what causes it (src/outbox/outbox.ts).
 * @param notices those that are turned off are not queued
 * @returns nothing when there is no transport for mail, or the notice is turned off
 * @example
 * const mails = mail.queue('reset', { address, verified: true }, { url, expiresIn: 3600 }, { locale, expiresIn: 3600 })
 * await store.createReset(token, mails)
 */
export function createQueueMail (outbox: Pick<Outbox, 'mode' | 'seal'>, notices: Partial<Notices> = {}): QueueMail {
  return (name, to, model, { locale, expiresIn = DEFAULT_EXPIRY }) => {
    if (outbox.mode('mail') === 'off' || isTurnedOff(name, notices)) return []
    const { address, verified, words } = to
    // A caller in JavaScript, or with a cast, is held to the rule, too
    const recipient: Recipient = verified ? { address, verified, ...(words && { words }) } : { address, verified }
    const payload: QueuedMail = { name, to: recipient, model, locale }
    return [outbox.seal({ kind: 'mail', payload, expiresIn })]
  }
}

/** The same for a text message. */
export function createQueueSms (outbox: Pick<Outbox, 'mode' | 'seal'>): QueueSms {
  return (name, to, model, { locale, expiresIn = DEFAULT_EXPIRY }) => {
    if (outbox.mode('sms') === 'off') return []
    const payload: QueuedSms = { name, to, model, locale }
    return [outbox.seal({ kind: 'sms', payload, expiresIn })]
  }
}
