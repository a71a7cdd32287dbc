import { Type, type TBoolean } from 'typebox'
import { noticeNames, type NoticeName } from '../mail/notices.ts'
import type { SendMail, SendSms } from '../mail/ports.ts'

const closed = { additionalProperties: false, default: {} }

// An address, alone or behind a name; a line break would begin another header
const MAILBOX = '^([^<>@\\x00-\\x1f\\x7f]*<[^\\s<>@]+@[^\\s<>@]+>|[^\\s<>@]+@[^\\s<>@]+)$'

/** How mails go out. */
const MailOptions = Type.Object({
  url: Type.Optional(Type.String({
    env: 'SMTP_URL', secret: true, pattern: '^smtps?://[^\\s/?#]+/?(\\?[^\\s#]*)?$',
    description: 'Mail server, such as smtp://user:password@mail.example.com:587 (with STARTTLS) or smtps://user:password@mail.example.com'
  })),
  from: Type.Optional(Type.String({
    env: 'MAIL_FROM', pattern: MAILBOX,
    description: 'Sender of the mails, such as Example <no-reply@example.com>; required with SMTP_URL'
  })),
  send: Type.Optional(Type.Unsafe<SendMail>({ description: 'Your own function that sends a mail, instead of SMTP_URL' }))
}, closed)

/** How text messages go out. */
const SmsOptions = Type.Object({
  send: Type.Optional(Type.Unsafe<SendSms>({ description: 'Your function that sends a text message; without one there are none' })),
  countries: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), {
    env: 'SMS_COUNTRIES', minItems: 1,
    description: 'Countries of the numbers that text messages are sent to, such as DE,AT; default: DEFAULT_COUNTRY. One of the two is required with `sms.send`'
  })),
  perDay: Type.Integer({
    env: 'SMS_PER_DAY', default: 500, minimum: 1, maximum: 1_000_000,
    description: 'Maximum number of text messages in 24 hours, to all numbers together; a number gets one a minute, three an hour and ten a day'
  })
}, closed)

const addresses = (env: string, description: string) =>
  Type.Array(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9+.-]*:[^\\s\\\\#]+$' }), { env, default: [], description })

const FrontEndApp = Type.Object({
  verificationUrl: Type.Optional(Type.String({ description: 'Page that a mail for verification leads to' })),
  resetUrl: Type.Optional(Type.String({ description: 'Page that a mail for a new password leads to' }))
}, { additionalProperties: false })

const switches = Object.fromEntries(
  noticeNames.map((name) => [name, Type.Boolean({ default: true, description: `Whether \`mail.${name}\` is sent` })])
) as Record<NoticeName, TBoolean>

const Notices = Type.Object(switches, {
  env: 'NOTICES_OFF',
  ...closed,
  description: `Mails that only tell of something, and can be turned off: ${noticeNames.map((name) => `\`${name}\``).join(', ')}. As a variable, the names of those that are off, separated by commas; as an option \`{ welcome: false }\``
})

/** Messages, and the pages of front ends that links in mails lead to; without any they lead to the pages of this server. */
export const messageOptions = {
  mail: MailOptions,
  sms: SmsOptions,
  notices: Notices,
  verificationUrls: addresses(
    'VERIFICATION_URLS',
    'Pages of your front ends that may be named as `verification_url`, separated by commas, such as https://app.example.com/verify'
  ),
  resetUrls: addresses(
    'RESET_URLS',
    'Pages of your front ends that may be named as `reseturl`, separated by commas, such as https://app.example.com/reset-password'
  ),
  apps: Type.Record(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }), FrontEndApp, {
    additionalProperties: false,
    default: {},
    description: 'Front ends by the name that they send as `App-Identifier`, `web` by default: `verificationUrl` and `resetUrl`, the pages that their mails lead to'
  })
}
