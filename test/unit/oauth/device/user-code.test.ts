import t from 'tap'
import { deriveKeys } from '../../../../src/crypto/app-key.ts'
import { createUserCodes, displayCode, plainCode } from '../../../../src/oauth/device/user-code.ts'

const key = (fill: string) => Buffer.alloc(32, fill).toString('base64')
const codes = createUserCodes(deriveKeys([key('a')], 'user-codes'))

t.test('RFC 8628 section 6.1: a user code is eight letters without vowels, in two groups of four', async (t) => {
  const letters = new Set<string>()
  for (let index = 0; index < 2000; index++) {
    const { code, hash } = codes.make()
    t.match(code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    for (const letter of code.replace('-', '')) letters.add(letter)
    if (index < 20) t.same(codes.hashes(code), [hash])
  }
  t.equal(letters.size, 20, 'every letter comes')
})

t.test('case, dashes and spaces in a user code are ignored, any other difference is not', async (t) => {
  for (const text of ['WDJB-MJHT', 'wdjbmjht', ' WDJB MJHT ', 'w d j b – m j h t', 'WDJB_MJHT', 'ＷＤＪＢ－ＭＪＨＴ']) {
    t.equal(plainCode(text), 'WDJBMJHT', text)
  }
  for (const text of ['', 'WDJBMJH', 'WDJBMJHTT', 'WDJBMJHA', 'WDJB/MJHT', '0DJBMJHT', ' '.repeat(100)]) {
    t.equal(plainCode(text), null, text)
  }
  t.same(codes.hashes('AAAA-AAAA'), [])
  t.equal(displayCode('WDJBMJHT'), 'WDJB-MJHT')
})

t.test('a user code is found under an earlier APP_KEY, and not under another', async (t) => {
  const { code, hash } = codes.make()
  const has = (appKeys: string[]) =>
    createUserCodes(deriveKeys(appKeys, 'user-codes')).hashes(code).some((other) => Buffer.from(other).equals(hash))
  t.ok(has([key('b'), key('a')]))
  t.notOk(has([key('b')]))
})
