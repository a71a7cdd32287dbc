/** A mail as it is handed to a server. */
export type OutgoingMail = {
  /** RFC 5322 section 3.6.4: the same when the mail is tried again, so that a duplicate can be recognized. */
  messageId: string
  /** As configured by `mail.from`. */
  from: string | undefined
  to: string
  subject: string
  text: string
  html: string | undefined
  /** Such as `Auto-Submitted` (RFC 3834). */
  headers: Record<string, string>
}

/**
 * Sends a mail. What it throws is temporary and the mail is tried again, unless the error has `permanent: true`. The same mail may come
 * again after an answer that was lost, with the same `messageId`.
 */
export type SendMail = (mail: OutgoingMail, options: { signal: AbortSignal }) => Promise<void>

export type OutgoingSms = {
  /** The same when the message is tried again. */
  messageId: string
  /** E.164, such as +4915112345678. */
  to: string
  text: string
}

/** Sends a text message; errors as for `SendMail`. */
export type SendSms = (sms: OutgoingSms, options: { signal: AbortSignal }) => Promise<void>
