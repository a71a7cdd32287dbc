import type { Views } from '../views/index.ts'
import { formatWait } from '../views/format.ts'
import { mailHtml } from './layout.tsx'
import { buildMail } from './messages.ts'
import type { MailModels, MailName, SmsModels } from './models.ts'
import type { OutgoingMail, OutgoingSms } from './ports.ts'
import { mailText } from './plain-text.ts'
import type { QueuedMail, QueuedSms } from './queue.ts'
import { mailTextsWith } from './texts/index.ts'
import type { MailContent } from './views.ts'

export type RenderedMail = Pick<OutgoingMail, 'to' | 'subject' | 'text' | 'html'>

export type RenderMessages = {
  mail: (queued: QueuedMail) => Promise<RenderedMail>
  sms: (queued: QueuedSms) => Promise<Pick<OutgoingSms, 'to' | 'text'>>
}

type Options = {
  views: Views
  languages: Parameters<typeof mailTextsWith>[0]
  brand: { name: string, color?: string | undefined }
  /** Read for each message, since it may follow the port. */
  issuer: () => string
}

/** As on the pages. */
const COLOR = '#2f5bd3'

export function createRender ({ views, languages, brand: { name: brand, color = COLOR }, issuer }: Options): RenderMessages {
  const textsOf = mailTextsWith(languages)
  const envelope = (locale: string) => ({ locale, texts: textsOf(locale), brand: { name: brand, color }, issuer: issuer() })

  async function mail ({ name, to: { address, words = {} }, model: sealed, locale }: QueuedMail): Promise<RenderedMail> {
    const model = withDates(sealed)
    const own = views[`mail.${name}` as keyof Views] as ((model: object) => MailContent | Promise<MailContent>) | undefined
    const content = own
      ? await own({ ...model, ...envelope(locale), to: address, words })
      : builtIn(name as MailName, model as MailModels[MailName], words, locale)
    return { to: address, subject: content.subject.replace(/[\s\p{Cc}]+/gu, ' ').trim(), text: content.text, html: content.html }
  }

  function builtIn (name: MailName, model: MailModels[MailName], words: NonNullable<QueuedMail['to']['words']>, locale: string): MailContent {
    const texts = textsOf(locale)
    const parts = buildMail(name, model, { texts, locale, brand, words })
    const { code: codeLabel, link: linkLabel, colon } = texts.common
    const frame = { locale, brand, color, footer: texts.common.footer(brand), codeLabel, linkLabel, colon }
    return { subject: parts.subject, text: mailText(parts, frame), html: mailHtml(parts, frame) }
  }

  async function sms ({ name, to, model, locale }: QueuedSms): Promise<Pick<OutgoingSms, 'to' | 'text'>> {
    const own = views[`sms.${name}` as keyof Views] as ((model: object) => string | Promise<string>) | undefined
    const { code, expiresIn } = model as SmsModels['code']
    return {
      to,
      text: own
        ? await own({ ...model, ...envelope(locale), to })
        // The last line lets browsers fill in the code on this site alone: https://wicg.github.io/sms-one-time-codes/
        : `${textsOf(locale).sms.code(brand, code, formatWait(expiresIn, locale))}\n\n@${new URL(issuer()).hostname} #${code}`
    }
  }

  return { mail, sms }
}

/** JSON has made text of the dates. */
function withDates (model: object): object {
  return 'at' in model && typeof model.at === 'string' ? { ...model, at: new Date(model.at) } : model
}
