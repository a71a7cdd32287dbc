import t from 'tap'
import { clean, email, plain } from '../../../src/users/attributes.ts'
import { phoneNormalizer, tidyPhone } from '../../../src/users/phone.ts'

const INVISIBLE: [string, string][] = [
  ['NUL', '\0'],
  ['a tab', '\t'],
  ['a newline', '\n'],
  ['DEL', '\x7f'],
  ['a C1 control', '\x85'],
  ['a zero-width space', '\u200b'],
  ['a zero-width joiner', '\u200d'],
  ['a soft hyphen', '\u00ad'],
  ['a right-to-left override', '\u202e'],
  ['an isolate', '\u2066'],
  ['a byte order mark', '\ufeff'],
  ['a word joiner', '\u2060'],
  ['a line separator', '\u2028'],
  ['a paragraph separator', '\u2029'],
  ['half a character', '\ud800'],
  ['a private character', '\ue000'],
  ['an unassigned one', '\u0378'],
  ['a tag', '\u{e0061}'],
  ['a variation selector', '\ufe0f'],
  ['a filler', '\u3164'],
  ['a combining grapheme joiner', '\u034f']
]

t.test('invisible characters are removed from a name', async (t) => {
  for (const [name, character] of INVISIBLE) t.equal(clean(`ad${character}a`), null, name)
})

t.test('look-alike spellings of a name become one', async (t) => {
  const same: [string, string][] = [
    ['  ada  ', 'ada'],
    ['\tada\n', 'ada'],
    ['\u3000ada\u00a0', 'ada'],
    ['ａｄａ＠ｂ．ｃｏ', 'ada@b.co'],
    ['①②', '12'],
    ['ﬁn', 'fin'],
    ['e\u0301', '\u00e9'],
    ['Å', 'Å']
  ]
  for (const [typed, cleaned] of same) t.equal(clean(typed), cleaned, JSON.stringify(typed))
  t.equal(plain('STRASSE'), 'strasse')
  t.equal(plain('ÉCOLE'), plain('école'))
})

t.test('an empty name, or one too long for an index, is refused', async (t) => {
  for (const text of ['', '   ', '\u3000', 'x'.repeat(256), 'x'.repeat(100_000), 'ﷺ'.repeat(200)]) {
    t.equal(clean(text), null, text.slice(0, 10))
  }
  t.equal(clean('x'.repeat(255)), 'x'.repeat(255))
})

const EMAILS: [string, string][] = [
  ['Ada@Example.COM', 'ada@example.com'],
  ['A@B.co', 'a@b.co'],
  ["o'neil+tag@b.co", "o'neil+tag@b.co"],
  ['first.last@b.co', 'first.last@b.co'],
  ['a@bücher.example', 'a@xn--bcher-kva.example'],
  ['a@BÜCHER.example', 'a@xn--bcher-kva.example'],
  ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
  ['a@faß.de', 'a@xn--fa-hia.de'],
  ['a@b。co', 'a@b.co'],
  ['a@例え.jp', 'a@xn--r8jz45g.jp'],
  ['a@localhost', 'a@localhost']
]
const NO_EMAILS = [
  '',
  'a',
  '@b.co',
  'a@',
  'a@@b.co',
  'a@b@c.co',
  'ä@b.co',
  '.a@b.co',
  'a.@b.co',
  'a..b@b.co',
  'a b@b.co',
  '"a b"@b.co',
  'a@b c.co',
  'a@b.co/x',
  'a@b.co?x',
  'a@b.co#x',
  'a@b.co\\x',
  'a@b.co:25',
  'a@ex%61mple.com',
  'a@[127.0.0.1]',
  'a@127.0.0.1',
  'a@127.1',
  'a@0x7f.1',
  'a@2130706433',
  'a@xn--a',
  'a@<b>.co',
  'a@b.co>',
  'a@b.co,eve.example',
  'a@b.co;c.de',
  'a@b"c.co',
  'a@b.co(c)',
  "a@b'c.co",
  'a@*.co',
  'a@-b.co',
  'a@b-.co',
  'a@b..co',
  'a@b.co.',
  'a@.co',
  'a@b_c.co',
  `a@${'b'.repeat(64)}.co`,
  'a,b@c.de',
  'a(b)@c.de'
]

t.test('e-mail addresses are lower case, with an IDNA domain', async (t) => {
  for (const [typed, value] of EMAILS) t.equal(email(typed), value, typed)
  for (const typed of NO_EMAILS) t.equal(email(typed), null, JSON.stringify(typed))
})

const PHONES: [string, string][] = [
  ['+1234567890', '+1234567890'],
  ['+491701234567', '+491701234567'],
  ['+49 170 1234567', '+491701234567'],
  ['+49 (0)170 1234567', '+491701234567'],
  ['+49170-1234567', '+491701234567'],
  ['+49.170/123 45 67', '+491701234567'],
  ['0049 170 1234567', '+491701234567'],
  ['+1 (212) 555-0100', '+12125550100'],
  ['001 212 555 0100', '+12125550100'],
  ['+999999999999999', '+999999999999999']
]
const NO_PHONES = [
  '', '+', '+1', '+12345', '++49170123456', '0170 1234567', '491701234567', '+49x1701234567', '+49 170 1234567 ext 5',
  'tel:+491701234567', '+1234567890123456', '+49;170123456', '+٤٩١٧٠١٢٣٤٥٦٧', '----------', '+49\n1701234567'
]

t.test('phone numbers are E.164 where the country is known', async (t) => {
  const phone = await phoneNormalizer()
  for (const [typed, value] of PHONES) t.equal(phone(typed), value, typed)
  for (const typed of NO_PHONES) t.equal(phone(typed), null, JSON.stringify(typed))
})

t.test('phone numbers are read as phones, address books and pages write them', async (t) => {
  const phone = await phoneNormalizer()
  const read = (text: string) => { const cleaned = clean(tidyPhone(text)); return cleaned === null ? null : phone(cleaned) }
  const spellings = [
    '+49\u2011170\u20111234567',
    '+49 170 \u20131234567',
    '+49\u2010170\u20121234567',
    '+49\u2212170\u22121234567',
    '+49~170~1234567',
    '\u202a+49 170 1234567\u202c',
    '\u2066+49 170 1234567\u2069',
    '\u200e+49 170 1234567\u200f',
    '+49\u00ad170\u00ad1234567',
    '\ufeff+49 170\u200b1234567',
    '+49\u00a0170\u202f1234567',
    '+٤٩١٧٠١٢٣٤٥٦٧',
    '+۴۹۱۷۰۱۲۳۴۵۶۷',
    '+४९१७०१२३४५६७',
    '＋４９１７０１２３４５６７',
    '٠٠٤٩١٧٠١٢٣٤٥٦٧',
    'tel:+49-170-1234567',
    'TEL:+491701234567',
    ' tel:+49%20170%201234567',
    '\u202atel:+491701234567\u202c',
    'tel:%2B491701234567',
    '(+49) 170 1234567',
    '(0049)1701234567',
    '( +49 )170/1234567',
    '\u200e(＋４９) 170 1234567',
    'tel:(+49)170-1234567'
  ]
  for (const text of spellings) t.equal(read(text), '+491701234567', text)
  for (const text of [
    'tel:', 'tel:%', 'tel:+49170123;ext=5', 'tel:tel:+491701234567', 'sip:+491701234567', '+49\u202e170\u0007', '\u200e',
    '٤'.repeat(300)
  ]) t.equal(read(text), null, JSON.stringify(text).slice(0, 40))
})

t.test('the former Mexican mobile prefix +52 1 becomes +52', async (t) => {
  const phone = await phoneNormalizer()
  for (const text of ['+52 1 55 1234 5678', '+5215512345678', '0052 1 55 1234 5678', '+52 55 1234 5678']) {
    t.equal(phone(text), '+525512345678', text)
  }
  t.equal((await phoneNormalizer('MX'))('1 55 1234 5678'), '+525512345678')
  t.equal(phone('+52 1 55 1234'), '+521551234', 'what is shorter is another')
})

t.test('the digits of a trunk or international prefix are not part of the number', async (t) => {
  const phone = await phoneNormalizer()
  t.equal(phone('00000.)-0(/'), null, 'too short once the prefix is gone')
  t.equal(phone('0000012345678901'), phone('+00012345678901'), '14 digits behind the prefix')
})

t.test('a national phone number needs a country', async (t) => {
  const german = await phoneNormalizer('DE')
  t.equal(german('0170 1234567'), '+491701234567')
  t.equal(german('+1 212 555 0100'), '+12125550100', 'the international form stays what it is')
  t.equal((await phoneNormalizer('US'))('(212) 555-0100'), '+12125550100')
})

t.test('normalizing a normalized value changes nothing', async (t) => {
  const phone = await phoneNormalizer()
  for (const [, value] of EMAILS) t.equal(email(value), value)
  for (const [, value] of PHONES) t.equal(phone(value), value)
})
