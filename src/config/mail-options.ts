import { Type } from 'typebox'
import type { SendMail, SendSms } from '../mail/ports.ts'

const closed = { additionalProperties: false, default: {} }

// An address, alone or behind a name; a line break would begin another header
const MAILBOX = '^([^<>@\\x00-\\x1f\\x7f]*<[^\\s<>@]+@[^\\s<>@]+>|[^\\s<>@]+@[^\\s<>@]+)$'

/** How mails go out. */
export const MailOptions = Type.Object({
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
export const SmsOptions = Type.Object({
  send: Type.Optional(Type.Unsafe<SendSms>({ description: 'Your function that sends a text message; without one there are none' }))
}, closed)
