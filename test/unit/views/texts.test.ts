import t from 'tap'
import { direction, formatAgo, formatChoice, formatDate, formatMoment } from '../../../src/views/format.ts'
import { languages, pickLanguage } from '../../../src/views/texts/index.ts'

const { en, ...others } = languages
/** Words that are those of English. */
const SAME: Record<string, string[]> = {
  de: ['form.colon', 'secondFactor.label', 'register.name', 'verify.code', 'device.code', 'account.tokenName', 'profile.name'],
  fr: ['attributes.email', 'secondFactor.label', 'terms.after', 'verify.code', 'device.code']
}

/** `login.title` → its text; a function is called with what could be its argument. */
function flatten (value: unknown, path = ''): [string, string][] {
  if (typeof value === 'function') return [[path, String(value(7, 7))]]
  if (typeof value === 'string') return [[path, value]]
  return Object.entries(value as object).flatMap(([key, item]) => flatten(item, path ? `${path}.${key}` : key))
}

for (const [language, texts] of Object.entries(others)) {
  t.test(`every text exists in ${language}`, async (t) => {
    const english = new Map(flatten(en))
    const translated = flatten(texts)
    t.same(translated.map(([key]) => key), [...english.keys()])
    t.same(translated.filter(([, text]) => text.trim() === ''), [])
    t.same(translated.filter(([key, text]) => text.includes('7') !== english.get(key)?.includes('7')), [], 'each uses its argument')
    const same = translated.filter(([key, text]) => text === english.get(key)).map(([key]) => key)
    t.same(same, SAME[language], 'the same words in both')
  })
}

t.test('the best available language of Accept-Language is chosen', async (t) => {
  const pick = (acceptLanguage?: string, uiLocales?: string) => pickLanguage({ acceptLanguage, uiLocales }).locale
  t.equal(pick(), 'en')
  t.equal(pick('de'), 'de')
  t.equal(pick('de-AT,de;q=0.9,en;q=0.8'), 'de-AT')
  t.equal(pick('nl;q=0.9, en-GB;q=0.4, de;q=0.6'), 'de')
  t.equal(pick('nl, *;q=0.5'), 'en')
  t.equal(pick('fr-CH, fr;q=0.9, en;q=0.8'), 'fr-CH')
  t.equal(pick('de;q=0, en-GB;q=0.1'), 'en-GB', 'q=0 is a no')
  t.equal(pick('en', 'nl-BE de-CH'), 'de-CH', 'ui_locales come first')
  t.equal(pick('de-DE-u-ca-buddhist'), 'de-DE', 'no calendars')
  t.equal(pick('DE-de'), 'de-DE')
  for (const nonsense of ['', ';;;', 'q=1', '"><script>', 'constructor', '__proto__', 'de_DE', `${'x,'.repeat(9999)}de`, '\u0000']) {
    t.equal(pick(nonsense, nonsense), 'en')
  }
})

t.test('dates and lists are formatted for the locale', async (t) => {
  const now = new Date('2026-11-24T13:05:00Z')
  const ago = (seconds: number, locale = 'en') => formatAgo(new Date(now.getTime() - seconds * 1000), now, locale)
  t.equal(formatDate(now, 'en-GB'), '24 Nov 2026')
  t.equal(formatDate(now, 'de'), '24.11.2026')
  t.match(formatMoment(now, 'de'), /24\.11\.2026, 13:05 UTC/)
  t.equal(ago(5), 'now')
  t.equal(ago(-500), 'now', 'a clock that is ahead')
  t.equal(ago(119), '1 minute ago')
  t.equal(ago(3 * 3600), '3 hours ago')
  t.equal(ago(30 * 3600), 'yesterday')
  t.equal(ago(90 * 86_400, 'de'), 'vor 2 Monaten')
  t.equal(ago(800 * 86_400), '2 years ago')
  t.equal(formatChoice(['e-mail', 'phone', 'user name'], 'en'), 'E-mail, phone, or user name')
  t.equal(formatChoice(['E-Mail', 'Telefon'], 'de'), 'E-Mail oder Telefon')
  t.same(['ar', 'he-IL', 'fa', 'en', 'de-AT'].map(direction), ['rtl', 'rtl', 'rtl', 'ltr', 'ltr'])
})
