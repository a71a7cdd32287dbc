import type { Config } from '../config/config.ts'
import { isDevelopment } from '../config/environment.ts'
import { settingName } from '../config/names.ts'
import { deriveKeys } from '../crypto/app-key.ts'
import type { Events } from '../events/events.ts'
import { createOutbox, OUTBOX_KEYS, type Outbox } from '../outbox/outbox.ts'
import type { OutboxKind, OutboxMode } from '../outbox/ports.ts'
import type { Transports } from '../outbox/delivery.ts'
import type { MailName } from '../mail/models.ts'
import { isTurnedOff } from '../mail/notices.ts'
import type { RenderMessages } from '../mail/render.ts'
import type { Log } from '../runtime/log.ts'
import type { Core } from './core.ts'
import { createQueueMail, createQueueSms, mailLanguages, type QueueMail, type QueueSms } from '../mail/queue.ts'
import { pickLanguage, type LanguagePreferences } from '../views/texts/index.ts'

export function outboxOf ({ config, appKeys }: Pick<Core, 'config' | 'appKeys'>): Outbox {
  return createOutbox({ keys: deriveKeys(appKeys, OUTBOX_KEYS), modes: outboxModes(config) })
}

/** Without a transport for mail, development keeps messages to be looked at. */
function outboxModes (config: Config): Record<OutboxKind, OutboxMode> {
  const sendsMail = config.mail.url !== undefined || config.mail.send !== undefined
  const otherwise = !sendsMail && isDevelopment(config) ? 'keep' : 'off'
  return { mail: sendsMail ? 'send' : otherwise, sms: config.sms.send !== undefined ? 'send' : otherwise }
}

type Dependencies = Pick<Core, 'config' | 'store' | 'outbox'> & { events: Events, log: Log }

/**
 * Sends what is in the outbox, if anything can be sent.
 * @returns a function that stops it
 */
export async function startOutbox ({ config, store, outbox, events, log }: Dependencies): Promise<() => Promise<void>> {
  // A word that would never be shown is an error at the start
  if (Object.values(config.languages).some(({ mail }) => mail !== undefined)) await loadRender(config)
  if (outbox.mode('mail') === 'off') log.info({}, tellOff(config))
  const transports = Object.entries(loadTransports(config))
  if (transports.length === 0) return async () => {}
  const { startSender } = await import('../outbox/sender.ts')
  // One for each kind: a mail server that hangs, or a long queue of mails, holds back no text message
  const senders = transports.map(([kind, transport]) => startSender({
    store: store.outbox,
    outbox,
    transports: { [kind]: transport },
    messageId: (id) => messageIdOf(config, id),
    events: {
      onSent: ({ id, kind, age }) => events.emit('message.sent', { id, kind, seconds: age }),
      onRetry: ({ id, kind }, error) => events.emit('message.delayed', { id, kind, error }),
      onFailed ({ id, kind }, reason, error) {
        log.warn({ id, kind, reason, error }, 'A message could not be sent and was given up')
        events.emit('message.failed', { id, kind, reason, error })
      }
    },
    onError: (err) => log.warn({ err }, 'The outbox could not be read or written')
  }))
  for (const { wake } of senders) store.outbox.subscribe(wake)
  return async () => { await Promise.all(senders.map(({ stop }) => stop())) }
}

function tellOff ({ sources }: Config): string {
  return `No mail can be sent: reset of passwords, verification of e-mail addresses, invitations and notices are off. ${settingName(sources, 'mail.url', 'SMTP_URL')} names a mail server`
}

/** What can be sent, loaded with the first message. */
export function loadTransports (config: Config): Transports {
  const { mail: { url, from, send }, sms } = config
  return {
    ...((url !== undefined || send !== undefined) && {
      mail: async () => {
        const { createMailTransport } = await import('../mail/transports.ts')
        const own = send ?? (await import('../mail/smtp.ts')).createSmtp(url!).send
        return createMailTransport({ render: await loadRender(config), from, send: own })
      }
    }),
    ...(sms.send !== undefined && {
      sms: async () => {
        const { createSmsTransport } = await import('../mail/transports.ts')
        return createSmsTransport({ render: await loadRender(config), send: sms.send! })
      }
    })
  }
}

/** What makes mails and text messages of what is queued. */
export async function loadRender (config: Config): Promise<RenderMessages> {
  const { createRender } = await import('../mail/render.ts')
  const { views, languages, brand } = config
  return createRender({ views, languages, brand, issuer: () => config.issuer })
}

/** RFC 5322 section 3.6.4: an address of the Internet Protocol stands in brackets. */
export function messageIdOf ({ issuer }: Pick<Config, 'issuer'>, id: string): string {
  const { hostname } = new URL(issuer)
  const domain = /^[\d.]+$/.test(hostname) ? `[${hostname}]` : hostname.startsWith('[') ? `[IPv6:${hostname.slice(1)}` : hostname
  return `<${id}@${domain}>`
}

export type MailServices = {
  /** Whether mails go out, or are shown in development: features that need mail ask this. */
  isOn: boolean
  /** Whether a mail is sent at all; `queue` asks this itself, so that only who must read something for a notice needs to. */
  sends: (name: MailName) => boolean
  queue: QueueMail
  /** The locale of a recipient who made a request, among the languages that mails have. */
  localeFor: (preferences: LanguagePreferences) => string
}

export type SmsServices = { isOn: boolean, queue: QueueSms }

export function createMail ({ config, outbox }: Pick<Core, 'config' | 'outbox'>): { mail: MailServices, sms: SmsServices } {
  const languages = Object.fromEntries([...mailLanguages, ...Object.keys(config.languages)].map((language) => [language, language]))
  return {
    mail: {
      isOn: outbox.mode('mail') !== 'off',
      sends: (name) => outbox.mode('mail') !== 'off' && !isTurnedOff(name, config.notices),
      queue: createQueueMail(outbox, config.notices),
      localeFor: (preferences) => pickLanguage(preferences, languages, config.defaultLanguage).locale
    },
    sms: { isOn: outbox.mode('sms') !== 'off', queue: createQueueSms(outbox) }
  }
}
