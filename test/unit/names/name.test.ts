import t from 'tap'
import { readName } from '../../../src/names/name.ts'

const NAMES: [string, string][] = [
  ['Ada Lovelace', 'Ada Lovelace'],
  [' \t Ada  Lovelace\n', 'Ada Lovelace'],
  ['Ａｄａ', 'Ada'],
  ['e\u0301', 'é'],
  ['Ada\u00a0\u3000L', 'Ada L'],
  ["O'Neil <b>", "O'Neil <b>"],
  ['محمد', 'محمد'],
  ['שלום', 'שלום'],
  ['葛飾', '葛飾'],
  ['葛\u{e0100}', '葛\u{e0100}'],
  ['می\u200cخواهم', 'می\u200cخواهم'],
  ['श\u094d\u200dर', 'श\u094d\u200dर'],
  ['ශ\u0dca\u200dර\u0dd3', 'ශ\u0dca\u200dර\u0dd3'],
  ['അവന\u0d4d\u200d', 'അവന\u0d4d\u200d'],
  ['ᠮᠣᠩ\u180bᠭᠣᠯ', 'ᠮᠣᠩ\u180bᠭᠣᠯ'],
  ['👩‍👩‍👧‍👦 Family', '👩‍👩‍👧‍👦 Family'],
  ['👍🏽', '👍🏽'],
  ['🧑🏻‍❤️‍💋‍🧑🏼', '🧑🏻‍❤️‍💋‍🧑🏼'],
  ['🏳️‍🌈', '🏳️‍🌈'],
  ['🇩🇪', '🇩🇪'],
  ['🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
  ['1️⃣', '1️⃣'],
  ['❤️', '❤️'],
  ['Acme™️', 'AcmeTM'],
  ['*', '*'],
  ['😀', '😀']
]

t.test('names in any script are accepted, with joiners where the script needs them', async (t) => {
  for (const [text, name] of NAMES) t.strictSame(readName(text), { name }, JSON.stringify(text))
  for (const [, name] of NAMES) t.strictSame(readName(name), { name }, 'and once read they stay')
})

const UNSEEN: [string, string][] = [
  ['a new line', 'Ada\nx'],
  ['a carriage return', 'Ada\rx'],
  ['a tab', 'Ada\tx'],
  ['an escape', '\u001b[2Kroot'],
  ['NUL', 'A\0b'],
  ['backspaces', 'Adam\b\b\b\broot'],
  ['delete', 'Ada\u007f'],
  ['C1', 'Ada\u009b31mroot'],
  ['next line', 'a\u0085b'],
  ['a line separator', 'a\u2028b'],
  ['a paragraph separator', 'a\u2029b'],
  ['a right-to-left override', 'a\u202eb'],
  ['an isolate', 'a\u2066b'],
  ['a mark of direction', 'a\u200fb'],
  ['a zero-width space', 'a\u200bb'],
  ['a soft hyphen', 'a\u00adb'],
  ['a word joiner', 'a\u2060b'],
  ['a byte order mark', 'a\ufeffb'],
  ['half a character', 'a\ud800'],
  ['a private character', 'a\ue000'],
  ['a noncharacter', 'a\uffff'],
  ['tags', 'a\u{e0061}'],
  ['a flag of tags without end', `🏴${'\u{e0061}'.repeat(30)}\u{e007f}`],
  ['a filler', '\u3164'],
  ['a filler of half width', '\uffa0'],
  ['a grapheme joiner', 'a\u034fb'],
  ['a joiner between Latin letters', 'a\u200db'],
  ['a non-joiner between Latin letters', 'a\u200cb'],
  ['a joiner alone', '\u200d'],
  ['a joiner at the end', 'می\u200c'],
  ['a joiner at the beginning', '\u200cمی'],
  ['two joiners', 'می\u200c\u200cخ'],
  ['an emoji that joins nothing', '😀\u200d'],
  ['an emoji joined to a letter', '😀\u200da'],
  ['selectors behind an ideograph of none', '葛\u{e0100}\u{e0101}'],
  ['a tower of marks', `a${'\u0316'.repeat(20)}`]
]

t.test('characters that move the cursor, break lines, hide text or change its direction are refused', async (t) => {
  for (const [what, text] of UNSEEN) t.match(readName(text), { problem: 'unseen_characters' }, what)
})

t.test('a name has a visible character, and a maximum length', async (t) => {
  for (const text of ['', '   ', '\u3000', '\n']) t.match(readName(text), { problem: 'required' }, JSON.stringify(text))
  for (const text of ['\u2800', '\u2800 \u2800']) t.match(readName(text), { problem: 'nothing_visible' }, JSON.stringify(text))
  t.match(readName('\u0301'), { problem: 'nothing_visible' }, 'a mark on nothing')
  t.ok(readName('x'.repeat(255)).name)
  t.ok(readName('😀'.repeat(100), 100).name, 'characters, not units')
  for (const text of ['x'.repeat(256), 'x'.repeat(60_000), 'ﷺ'.repeat(100), `a${'\u0301'.repeat(30_000)}`]) {
    t.match(readName(text), { problem: { code: 'too_long', max: 255, unit: 'characters' } })
  }
})
