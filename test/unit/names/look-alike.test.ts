import t from 'tap'
import { looksLike } from '../../../src/names/look-alike.ts'

const ALIKE = [
  'Latchkey',
  'latchkey',
  'LATCHKEY',
  'L\u0430tchkey',
  'Latchk\u0435y',
  'L\u0430tchk\u0435\u0443',
  'L\u0410\u0422\u0421\u041d\u041a\u0415\u0423',
  'ＬＡＴＣＨＫＥＹ',
  'Ｌatchkey',
  '𝐋𝐚𝐭𝐜𝐡𝐤𝐞𝐲',
  'Ⓛⓐⓣⓒⓗⓚⓔⓨ',
  'ʟᴀᴛᴄʜᴋᴇʏ',
  'lαtchkey',
  'Ꮮatchkey',
  '1atchkey',
  'Iatchkey',
  '|atchkey',
  'Lätchkéy',
  'Łatchkey',
  'Lat\u200bchkey',
  'Lat\u00adchkey',
  'L a t c h k e y',
  'Lat-ch-key',
  'Latchkey®',
  '✓ Latchkey ✓',
  'Latchkey (official)',
  'The official Latchkey app',
  'Latchkey Login',
  'LATCHKEY.COM',
  'L\u0430tchkey Supp\u043ert',
  'Latchkey — Account Security',
  'LatchkeyTM',
  'LatchkeySM',
  'Latchkey 2',
  'Latchkey – sign in',
  'Latchkey Anmeldung',
  'Ihr Latchkey Konto',
  'Latchkey für Android',
  'Latchkey Pro',
  'Latchkey Helpdesk',
  'Latchkey Latchkey',
  '🅛🅐🅣🅒🅗🅚🅔🅨',
  '🅻🅰🆃🅲🅷🅺🅴🆈'
]
const OTHERS = [
  'Keylatch', 'Latch', 'Latchkeys', 'Exporter for Latchkey', 'Latchkey Backup', 'Latchkey Orders 2', 'Lock 42', '2048',
  '🇩🇪', 'ATM', 'Windows Pro', 'My app', 'Harmless', 'Лампа', '鍵', '😀', 'The official app'
]

t.test('a name that looks like the brand is recognized, in any script', async (t) => {
  for (const name of ALIKE) t.equal(await looksLike(name, 'Latchkey'), true, name)
  for (const name of OTHERS) t.equal(await looksLike(name, 'Latchkey'), false, name)
})

t.test('look-alike names are recognized for brands in other scripts, short brands and brands inside other words', async (t) => {
  const table: [string, string, boolean][] = [
    ['Google Docs', 'Go', false],
    ['Go!', 'Go', true],
    ['My App', 'App', false],
    ['App', 'App', true],
    ['My Account', 'My Account', true],
    ['LiIly', 'Lilly', true],
    ['Сбер', 'Сбер', true],
    ['Cбep', 'Сбер', true],
    ['Müller & Co', 'Müller', true],
    ['Muller', 'Müller', true],
    ['鍵屋', '鍵屋', true],
    ['鍵', '鍵屋', false],
    ['rnozilla', 'mozilla', true],
    ['', 'Acme', false]
  ]
  for (const [name, brand, expected] of table) t.equal(await looksLike(name, brand), expected, `${name} / ${brand}`)
})
