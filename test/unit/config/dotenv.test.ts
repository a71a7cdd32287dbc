import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readDotenv } from '../../../src/config/dotenv.ts'

const MARK = '\uFEFF'
const TEXT = 'DATABASE_URL=postgresql://localhost/x\nNAME="Grüße 👋"\n'
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()
const utf32 = (text: string) => Buffer.from(Uint32Array.from(text, (letter) => letter.codePointAt(0)!).buffer)

function fileOf (t: Test, bytes: string | Buffer): string {
  const path = join(t.testdir({}), '.env')
  writeFileSync(path, bytes)
  return path
}

const READ: [rule: string, bytes: string | Buffer, variables: object][] = [
  ['a byte order mark is no part of the first name', `${MARK}${TEXT}`, { DATABASE_URL: 'postgresql://localhost/x', NAME: 'Grüße 👋' }],
  ['nor are two', `${MARK}${MARK}A=1\n`, { A: '1' }],
  ['a mark in the middle, where files were joined, is no part of a name', `A=1\n${MARK}B=2\r\n${MARK}C=3`, { A: '1', B: '2', C: '3' }],
  ['a mark before a comment is none of the next line', `${MARK}# mine\nA=1\n`, { A: '1' }],
  ['a mark within a value stays', `A=1${MARK}2\n`, { A: `1${MARK}2` }],
  ['each way of ending a line ends one', 'A=1\rB=2\r\nC=3\nD=4', { A: '1', B: '2', C: '3', D: '4' }],
  ['a file of a mark alone has no variables', MARK, {}],
  ['an empty file has none', '', {}]
]

for (const [rule, bytes, variables] of READ) {
  t.test(rule, async (t) => { t.same(readDotenv(fileOf(t, bytes)), variables) })
}

const REFUSED: [encoding: string, bytes: Buffer][] = [
  ['UTF-16 LE with a mark, as PowerShell 5 writes it', Buffer.from(MARK + TEXT, 'utf16le')],
  ['UTF-16 BE with a mark', utf16be(MARK + TEXT)],
  ['UTF-16 LE without a mark', Buffer.from(TEXT, 'utf16le')],
  ['UTF-16 LE without a mark, ASCII alone', Buffer.from('A=1\n', 'utf16le')],
  ['UTF-16 BE without a mark, ASCII alone', utf16be('A=1\n')],
  ['UTF-32', utf32(MARK + TEXT)],
  ['Latin-1', Buffer.from('A=1\nNAME=Grüße\n', 'latin1')],
  ['UTF-8 that is cut in the middle of a letter', Buffer.from(TEXT).subarray(0, -4)],
  ['surrogates in UTF-8', Buffer.from([0x41, 0x3d, 0xed, 0xa0, 0x80])]
]

for (const [encoding, bytes] of REFUSED) {
  t.test(`${encoding} is refused instead of being read in another encoding`, async (t) => {
    t.throws(() => readDotenv(fileOf(t, bytes)), { name: 'ConfigError', message: /^\.env is not UTF-8; save it as UTF-8/ })
  })
}

t.test('an unreadable file is an error, a missing one is not', async (t) => {
  const path = join(t.testdir({ '.env': {} }), '.env')
  t.throws(() => readDotenv(path), { name: 'ConfigError', message: /\.env cannot be read: EISDIR/ })
  t.same(readDotenv(`${path}.none`), {})
})
