import type { OutgoingMessage, Transport } from '../outbox/ports.ts'
import type { SendMail, SendSms } from './ports.ts'
import type { QueuedMail, QueuedSms } from './queue.ts'
import type { RenderMessages } from './render.ts'

/** RFC 3834 section 5: no vacation answers to it. */
const HEADERS = { 'Auto-Submitted': 'auto-generated' }

type Options = { render: RenderMessages, from: string | undefined, send: SendMail }

export function createMailTransport ({ render, from, send }: Options): Transport {
  return {
    async send ({ messageId, payload }: OutgoingMessage, signal) {
      const { to, subject, text, html } = await render.mail(payload as QueuedMail)
      await send({ messageId, from, to, subject, text, html, headers: HEADERS }, { signal })
    }
  }
}

export function createSmsTransport ({ render, send }: { render: RenderMessages, send: SendSms }): Transport {
  return {
    async send ({ messageId, payload }, signal) {
      const { to, text } = await render.sms(payload as QueuedSms)
      await send({ messageId, to, text }, { signal })
    }
  }
}
