import type { MailModels, MailName, SmsModels, SmsName, Words } from './models.ts'
import type { MailTexts } from './texts/en.ts'

/** What a view returns. Without `html` the mail is text alone. */
export type MailContent = { subject: string, text: string, html?: string }

/** What every message knows, besides its own model. */
type Envelope = {
  /** Such as `de-AT`. */
  locale: string
  texts: MailTexts
  brand: { name: string, color: string }
  /** The issuer, of which every address is made. */
  issuer: string
}

export type MailViewModel<Name extends MailName> = MailModels[Name] & Envelope & {
  to: string
  /** What a requester has written, such as the name of the user: only where the address is verified. */
  words: Words
}

export type SmsViewModel<Name extends SmsName> = SmsModels[Name] & Envelope & { to: string }

/**
 * Messages of the host, by the names under which they are in the option `views`.
 * @example
 * { 'mail.welcome': ({ brand, url }) => ({ subject: `Hi from ${brand.name}`, text: `Start here: ${url}` }) }
 */
export type MessageViews =
  & { [Name in MailName as `mail.${Name}`]?: (model: MailViewModel<Name>) => MailContent | Promise<MailContent> }
  & { [Name in SmsName as `sms.${Name}`]?: (model: SmsViewModel<Name>) => string | Promise<string> }
