import type { MailName, Recipient as MailRecipient } from '../mail/models.ts'
import type { QueueMail } from '../mail/queue.ts'
import type { Recipient } from '../users/ports.ts'
import type { LanguagePreferences } from '../views/texts/index.ts'

/** What this folder needs of mails. */
export type MailPort = {
  queue: QueueMail
  /** Whether a mail is sent at all. */
  sends: (name: MailName) => boolean
  localeFor: (preferences: LanguagePreferences) => string
}

/** The languages of a request, where its sender is the user. */
export type Preferences = LanguagePreferences

/** The language that the user has chosen, else that of their browser. */
export function languagesOf (locale: string | null, preferences: Preferences): Preferences {
  return locale === null ? preferences : { uiLocales: locale }
}

/** A user's name is text that somebody typed: it goes to verified addresses only. */
export function mailRecipient ({ display: address, verified, name }: Pick<Recipient, 'display' | 'verified' | 'name'>): MailRecipient {
  return verified ? { address, verified, words: { name } } : { address, verified }
}
