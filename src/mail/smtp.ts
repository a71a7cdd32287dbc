import { createTransport } from 'nodemailer'
import { isLoopback } from '../http/origin.ts'
import { DeliveryError } from '../outbox/ports.ts'
import type { SendMail } from './ports.ts'

export type Smtp = {
  send: SendMail
  /**
   * Connects and logs in, without sending anything.
   * @throws DeliveryError
   */
  verify: () => Promise<void>
}

/** Milliseconds; each of these is short, so that an attempt ends within the lease of its entry. */
const TIMES = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 10_000 }

/** Commands that are about one message; a refusal of any other one concerns all. */
const ABOUT_MESSAGE = /^(MAIL FROM|RCPT TO|DATA)$/
/** RFC 4954 section 6: replies to a client that is not logged in, to any command. */
const ABOUT_LOGIN = new Set([530, 534, 535, 538])
const BAD_MESSAGE = new Set(['EENVELOPE', 'EMESSAGE'])
const UNREACHED = new Set(['ECONNECTION', 'ETIMEDOUT', 'ESOCKET', 'EDNS', 'ETLS', 'EPROXY', 'EPROTOCOL', 'EAUTH', 'ENOAUTH', 'EOAUTH2', 'ECONFIG'])
/** RFC 5321 section 4.2.3: the server closes the connection. */
const CLOSING = 421

/**
 * A mail server. A password is sent over TLS only, unless the server is on this machine; `?requireTLS=false` allows it.
 * @param url such as smtp://user:password@host:587
 */
export function createSmtp (url: string): Smtp {
  const { hostname, username, searchParams } = new URL(url)
  const requireTLS = username !== '' && !isLoopback(hostname) && !searchParams.has('requireTLS')
  const transport = createTransport({ url, requireTLS, ...TIMES, disableFileAccess: true, disableUrlAccess: true })
  return {
    async send ({ messageId, from, to, subject, text, html, headers }, { signal }) {
      // As an object, the address is not read as a list of several
      const mail = { messageId, from, to: { name: '', address: to }, subject, text, ...(html !== undefined && { html }), headers, signal }
      await transport.sendMail(mail).catch((error: unknown) => { throw deliveryError(error) })
    },
    verify: async () => { await transport.verify().catch((error: unknown) => { throw deliveryError(error) }) }
  }
}

type SmtpError = Error & { code?: string, command?: string, response?: string, responseCode?: number }

/**
 * RFC 5321 section 4.2.1: 5yz is permanent. A refusal of the login, or of all mails, is not about this one, and what is no reply of that
 * protocol refuses nothing.
 */
export function deliveryError (cause: unknown): DeliveryError {
  const { message, code = '', command = '', response, responseCode } = cause as SmtpError
  const aboutMessage = ABOUT_MESSAGE.test(command) && !ABOUT_LOGIN.has(responseCode ?? 0)
  const permanent = responseCode === undefined ? BAD_MESSAGE.has(code) && response === undefined : aboutMessage && responseCode >= 500
  return new DeliveryError(message, { cause, permanent, unreachable: !permanent && (responseCode === CLOSING || UNREACHED.has(code)) })
}
