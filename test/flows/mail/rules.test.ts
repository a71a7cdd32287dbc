import t from 'tap'
import { ConfigError } from '../../../src/config/config-error.ts'
import type { MailModels, MailName, Recipient } from '../../../src/mail/models.ts'
import { noticeNames } from '../../../src/mail/notices.ts'
import type { OutgoingMail, OutgoingSms } from '../../../src/mail/ports.ts'
import { build, eventually } from '../../support/start-server.ts'
import { FROM, outboxRows, queueMail } from '../../support/mail.ts'
import { startSmtp } from '../../support/smtp.ts'
import { mailSamples } from '../../unit/mail/samples.ts'
import { internals } from '../../../plugins/internals.ts'

const words = { name: 'Buy at evil.example', userAgent: 'Evil/1.0 (buy at evil.example)', ip: '192.0.2.66' }
const names = Object.keys(mailSamples) as MailName[]

t.test('a mail to an address that is not verified holds no word that a requester chose', async (t) => {
  const smtp = await startSmtp(t)
  const { app } = await build(t, { mail: { url: smtp.url, from: FROM }, appUrl: 'https://id.example' })
  // @ts-expect-error: there are no words for an address that is not verified
  const stranger: Recipient = { address: 'stranger@example.com', verified: false, words }
  for (const name of names) await queueMail(app, name, mailSamples[name] as MailModels[typeof name], stranger)
  t.ok(await eventually(() => smtp.mails.length === names.length, 20_000))
  for (const { raw } of smtp.mails) t.notMatch(raw, /evil|192\.0\.2\.66/i)
})

t.test('header injection: neither an address nor a name begins another header or recipient', async (t) => {
  const smtp = await startSmtp(t)
  const { app } = await build(t, { mail: { url: smtp.url, from: FROM }, appUrl: 'https://id.example' })
  const breaks = ['a@example.com\r\nBcc: eve@example.com', 'a@example.com, eve@example.com', 'eve@example.com <a@example.com>',
    'a@example.com>\r\nRCPT TO:<eve@example.com', 'a@example.com\nDATA']
  for (const address of breaks) await queueMail(app, 'welcome', mailSamples.welcome, { address, verified: true })
  await queueMail(app, 'newDevice', mailSamples.newDevice, {
    address: 'ada@example.com', verified: true, words: { ...words, name: 'Ada\r\nBcc: eve@example.com' }
  })
  t.ok(await eventually(async () => {
    const rows = await outboxRows(app)
    return smtp.mails.length > 0 && rows.every(({ last_error: error }) => error !== null)
  }))
  for (const { to, headers } of smtp.mails) {
    t.notMatch(to, 'eve')
    t.notHas(headers, 'bcc')
    t.notMatch(headers['to'], 'eve')
  }
})

t.test('a host sends mails and text messages itself; a permanent error ends it', async (t) => {
  const mails: OutgoingMail[] = []
  const texts: OutgoingSms[] = []
  const { app } = await build(t, {
    appUrl: 'https://id.example', defaultLanguage: 'de', brand: { name: 'Northwind' },
    mail: {
      async send (mail, { signal }) {
        if (mail.to === 'nobody@example.com') throw Object.assign(new Error('no such mailbox'), { permanent: true })
        if (!signal.aborted) mails.push(mail)
      }
    },
    sms: { countries: ['DE'], send: async (sms) => { texts.push(sms) } }
  })
  const { mail, sms, store } = internals(app)
  t.equal(mail.localeFor({ acceptLanguage: 'fr-CH, en;q=0.5' }), 'fr-CH')
  t.equal(mail.localeFor({ acceptLanguage: 'nl' }), 'de')
  const id = await queueMail(app, 'welcome', mailSamples.welcome, undefined, { locale: 'fr-CH' })
  await store.outbox.write(sms.queue('code', '+4915112345678', { code: '123456', expiresIn: 600 }, { locale: 'de', expiresIn: 600 }))
  t.ok(await eventually(() => mails.length + texts.length === 2))
  t.match(mails, [{
    messageId: `<${id}@id.example>`, to: 'ada@example.com', from: undefined, subject: 'Bienvenue chez Northwind', html: /<html lang="fr-CH"/,
    headers: { 'Auto-Submitted': 'auto-generated' }
  }])
  t.match(texts, [{ to: '+4915112345678', text: /^123456 ist Ihr Code für Northwind, gültig 10 Minuten/ }])
  await queueMail(app, 'welcome', mailSamples.welcome, { address: 'nobody@example.com', verified: true })
  t.ok(await eventually(async () => (await outboxRows(app))[0]?.failed_at != null))
})

t.test('without a transport nothing is queued, and no sender is loaded', async (t) => {
  const { app } = await build(t)
  const { mail, sms } = internals(app)
  t.same([mail.isOn, sms.isOn], [false, false])
  t.same(mail.queue('welcome', { address: 'ada@example.com', verified: true }, mailSamples.welcome, { locale: 'en' }), [])
})

t.test('a notice that is turned off is not queued; what carries a link that was asked for always is', async (t) => {
  const { app } = await build(t, { mail: { send: async () => {} }, notices: Object.fromEntries(noticeNames.map((name) => [name, false])) })
  const { mail } = internals(app)
  const isQueued = (name: MailName) =>
    mail.queue(name, { address: 'ada@example.com', verified: true }, mailSamples[name] as MailModels[typeof name], { locale: 'en' }).length > 0
  t.same(names.filter((name) => !isQueued(name)).sort(), [...noticeNames].sort())
  t.same(names.filter((name) => !mail.sends(name)).sort(), [...noticeNames].sort())
})

t.test('mistakes in the options are told at the start', async (t) => {
  for (const [options, name] of [
    [{ mail: { url: 'smtp://mail.example' } }, 'MAIL_FROM'],
    [{ mail: { url: 'smtp://mail.example', from: FROM, send: async () => {} } }, 'mail.send'],
    [{ mail: { send: 'sendmail' } }, 'mail.send'],
    [{ sms: { send: {} } }, 'sms.send'],
    [{ mail: { url: 'https://user:hunter2@mail.example', from: FROM } }, 'mail.url'],
    [{ mail: { url: 'smtp://user:hunter2@mail.example:99999', from: FROM } }, 'mail.url'],
    [{ mail: { from: 'a@example.com\r\nBcc: b@example.com' } }, 'mail.from'],
    [{ mail: { from: 'Example' } }, 'mail.from'],
    [{ views: { 'mail.wellcome': () => {} } }, 'views.mail.wellcome'],
    [{ languages: { en: { mail: { welcome: { titel: 'x' } } } } }, 'languages.en.mail.welcome.titel']
  ] as const) {
    const error = await build(t, options as object).catch((error: unknown) => error)
    t.ok(error instanceof ConfigError, name)
    t.match((error as ConfigError).problems.map((problem) => problem.name), [new RegExp(name)], JSON.stringify(options))
    t.notMatch(String(error), 'hunter2')
  }
})
