import type { FastifyInstance } from 'fastify'
import type { OutgoingMail, OutgoingSms } from '../../src/mail/ports.ts'
import { sql } from './session-rows.ts'
import { eventually } from './start-server.ts'

export type Mailbox = {
  /** Options that send to it. */
  options: { mail: { send: (mail: OutgoingMail) => Promise<void> } }
  mails: OutgoingMail[]
  /** Waits until everything was sent. @returns what came since the last call */
  fetch: (app: FastifyInstance) => Promise<OutgoingMail[]>
}

/** Mails by a function of the host. */
export function createMailbox (): Mailbox {
  const mails: OutgoingMail[] = []
  let seen = 0
  return {
    options: { mail: { send: async (mail) => { mails.push(mail) } } },
    mails,
    async fetch (app) {
      await eventually(async () => (await sql(app, 'SELECT FROM outbox WHERE expires_at > created_at')).length === 0)
      const fresh = mails.slice(seen)
      seen = mails.length
      return fresh
    }
  }
}

export function createPhones (): {
  options: { sms: { countries: string[], send: (sms: OutgoingSms) => Promise<void> } }, messages: OutgoingSms[]
} {
  const messages: OutgoingSms[] = []
  return { options: { sms: { countries: ['DE'], send: async (sms) => { messages.push(sms) } } }, messages }
}

/** The address of the first link of a mail. */
export function linkIn ({ text }: Pick<OutgoingMail, 'text'>): string {
  const [link] = /https?:\/\/\S+|com\.\S+:\/\S+/.exec(text) ?? []
  if (link === undefined) throw new Error(`no link in ${text}`)
  return link
}

export const tokenIn = (mail: Pick<OutgoingMail, 'text'>) => /lk_ot_[\w-]{43}/.exec(decodeURIComponent(linkIn(mail)))![0]

export const codeIn = ({ text }: Pick<OutgoingMail, 'text'>) => /: (\d{6})$/m.exec(text)![1]!
