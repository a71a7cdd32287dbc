import t from 'tap'
import { createRender } from '../../../src/mail/render.ts'
import type { MailName } from '../../../src/mail/models.ts'
import type { QueuedMail } from '../../../src/mail/queue.ts'
import { de } from '../../../src/mail/texts/de.ts'
import { en } from '../../../src/mail/texts/en.ts'
import { fr } from '../../../src/mail/texts/fr.ts'
import { decode, tagsOf } from '../views/html.ts'
import { mailSamples } from './samples.ts'

const options = { views: {}, languages: {}, brand: { name: 'Northwind', color: '#8a1c4a' }, issuer: () => 'https://id.example' }
const render = createRender(options)
const WORDS = {
  name: 'Ada', ip: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
}
const ada = { address: 'ada@example.com', verified: true, words: WORDS } as const
const names = Object.keys(mailSamples) as MailName[]
/** As it comes out of the outbox. */
const queued = (name: MailName, more: Partial<QueuedMail> = {}) =>
  JSON.parse(JSON.stringify({ name, to: ada, model: mailSamples[name], locale: 'en', ...more })) as QueuedMail

/** `reset.subject` → its text. */
function flatten (value: unknown, path = ''): [string, string][] {
  if (typeof value === 'function') return [[path, String(value(7, 7, 7))]]
  if (typeof value === 'string') return [[path, value]]
  return Object.entries(value as object).flatMap(([key, item]) => flatten(item, path ? `${path}.${key}` : key))
}

for (const [language, texts] of Object.entries({ de, fr })) {
  t.test(`every text of a mail is there in ${language}`, async (t) => {
    const english = new Map(flatten(en))
    const translated = flatten(texts)
    t.same(translated.map(([key]) => key), [...english.keys()])
    t.same(translated.filter(([, text]) => text.trim() === ''), [])
    t.same(translated.filter(([key, text]) => text.includes('7') !== english.get(key)?.includes('7')).map(([key]) => key), [], 'with its argument')
    const same = translated.filter(([key, text]) => text === english.get(key)).map(([key]) => key)
    t.same(same, language === 'de' ? ['common.colon'] : [], 'the same words in both')
  })
}

for (const locale of ['en-GB', 'de-AT', 'fr-CH']) {
  t.test(`every message renders in ${locale}, as text and as HTML alike, without images and scripts`, async (t) => {
    for (const name of names) {
      const { to, subject, text, html = '' } = await render.mail(queued(name, { locale }))
      t.equal(to, 'ada@example.com')
      t.match(subject, 'Northwind', name)
      t.match(text, 'Ada', `${name}: a greeting`)
      for (const content of [subject, text, html]) t.notMatch(content, /undefined|\[object|NaN|Invalid/, name)
      const tags = tagsOf(html)
      t.same(tags.filter((tag) => ['img', 'script', 'link', 'iframe', 'form', 'object'].includes(tag.name)), [], name)
      t.notMatch(html, /url\(/, 'nothing is loaded')
      t.same(tags.find((tag) => tag.name === 'html')?.attributes, { lang: locale, dir: 'ltr' })
      t.match(html, 'prefers-color-scheme: dark')
      const targets = tags.flatMap(({ attributes }) => attributes['href'] ?? [])
      const urls = Object.entries(mailSamples[name]).flatMap(([key, value]) => /url$/i.test(key) ? [String(value)] : [])
      t.same([...new Set(targets.map(decode))].sort(), urls.sort(), `${name}: links are those of the model`)
      for (const url of urls) t.match(text, url)
    }
  })
}

t.test('a code, a device, an address and a date are shown', async (t) => {
  const verify = await render.mail(queued('verify'))
  t.match(verify.text, /Your code: 482913/)
  t.match(verify.text, /works once, within 60 minutes/)
  t.notMatch(verify.subject, '482913', 'a subject is shown on locked screens')
  const login = await render.mail(queued('newDevice', { locale: 'de' }))
  t.match(login.text, /24\.11\.2026, 13:05 UTC[^]*Firefox auf Linux[^]*192\.0\.2\.7/)
  t.match((await render.mail(queued('identifierChanged'))).text, /The e-mail address of your account at Northwind was changed[^]*works once, within 72 hours/)
  t.match((await render.mail(queued('newDevice', { locale: 'fr' }))).text, /Adresse IP\u00a0: 192\.0\.2\.7/, 'French has a space before a colon')
  const onlyCode = await render.mail(queued('reset', { model: { code: '123456', expiresIn: 600 } }))
  t.notMatch(onlyCode.text, /http|link/)
})

t.test('hostile words stay text, on one line, and no header', async (t) => {
  const hostile = '"><script>x</script>\r\nBcc: eve@example.com\r\n\r\n<img src=x>'
  for (const name of names) {
    const { subject, text, html = '' } = await render.mail(queued(name, {
      to: { address: 'ada@example.com', verified: true, words: { name: hostile, userAgent: hostile, ip: hostile } }
    }))
    t.notMatch(subject, /[\r\n]/)
    t.notMatch(text, /^Bcc/m)
    t.notMatch(html, /<script|<img/, name)
    t.equal((html.match(/</g) ?? []).length, (html.match(/<\/?[a-z!]/gi) ?? []).length, 'every < begins a tag')
  }
})

t.test('a host replaces a message, its words, and adds a language', async (t) => {
  const own = createRender({
    ...options,
    languages: { en: { mail: { welcome: { button: 'Go' } } }, nl: { mail: { welcome: { subject: (brand: string) => `Welkom bij ${brand}` } } } },
    views: {
      'mail.test': ({ brand, to, locale, issuer }) => ({ subject: `Hi\r\nBcc: x from ${brand.name}`, text: `${to} ${locale} ${issuer}` }),
      'sms.code': async ({ code, expiresIn, brand }) => `${brand.name}: ${code} (${expiresIn} s)`
    }
  })
  t.same(await own.mail(queued('test')), {
    to: 'ada@example.com', subject: 'Hi Bcc: x from Northwind', text: 'ada@example.com en https://id.example', html: undefined
  })
  t.match((await own.mail(queued('welcome'))).text, /^Go:$/m)
  const dutch = await own.mail(queued('welcome', { locale: 'nl-BE' }))
  t.match(dutch, { subject: 'Welkom bij Northwind', text: /Your account at Northwind is ready/ }, 'what is missing stays English')
  const sms = { name: 'code', to: '+4915112345678', model: { code: '123456', expiresIn: 600 }, locale: 'fr' }
  t.same(await own.sms(sms), { to: '+4915112345678', text: 'Northwind: 123456 (600 s)' })
  t.equal(
    (await render.sms(sms)).text,
    '123456 est votre code pour Northwind, valable 10 minutes. Ne le donnez à personne.\n\n@id.example #123456'
  )
  t.throws(() => createRender({ ...options, languages: { en: { mail: { welcome: { buton: 'x' } } } as object } }),
    /languages\.en\.mail\.welcome\.buton is not a word of the mails/)
})
