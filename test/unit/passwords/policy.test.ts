import t from 'tap'
import { createPasswordPolicy } from '../../../src/passwords/policy.ts'

const policy = createPasswordPolicy({ minLength: 8, refuseCommon: true })

t.test('the minimum length counts characters as people do, the maximum counts bytes', async (t) => {
  t.match(await policy.check('1234567'), [{ code: 'too_short', min: 8 }])
  t.match(await policy.check('😀'.repeat(7)), [{ code: 'too_short', min: 8 }], 'seven characters of two units')
  t.same(await policy.check('😀'.repeat(8)), [])
  t.same(await policy.check('x'.repeat(1000)), [])
  t.match(await policy.check('x'.repeat(1001)), [{ code: 'too_long', max: 1000, unit: 'bytes' }])
  t.match(await policy.check('é'.repeat(501)), [{ code: 'too_long', max: 1000, unit: 'bytes' }])
  t.same(await policy.check('é'.repeat(500).normalize('NFD')), [], 'counted as it is hashed')
  t.match(await policy.check('x'.repeat(60_000)), [{ code: 'too_long', max: 1000, unit: 'bytes' }])
})

t.test('there are no rules about kinds of characters', async (t) => {
  for (const password of ['correct horse battery staple', '        x', 'ünïcödé wörds', 'qqwweerrttyyuuii-oopp']) {
    t.same(await policy.check(password), [], password)
  }
})

t.test('common passwords are refused, in any case', async (t) => {
  for (const password of ['password', 'Password', 'PASSWORD1', '12345678', 'iloveyou', 'qwertyuiop']) {
    t.match(await policy.check(password), ['common_password'], password)
  }
})

t.test('kinds of characters are required where the operator wants them, and reported together, as Laravel does', async (t) => {
  const strict = createPasswordPolicy({ minLength: 8, refuseCommon: true, numbers: true, letters: true, symbols: true, mixedCase: true })
  t.same(strict.rules, { minLength: 8, kinds: ['mixedCase', 'letters', 'symbols', 'numbers'] })
  const missing = async (password: string) =>
    (await strict.check(password)).map((error) => typeof error === 'object' && 'kind' in error ? error.kind : error)
  const table: [string, unknown[]][] = [
    ['((((()))))', ['mixedCase', 'letters', 'numbers']],
    ['abcdefgh', ['mixedCase', 'symbols', 'numbers']],
    ['Ünïcödé wörd ٣', []],
    ['日本語日本語日本語', ['mixedCase', 'symbols', 'numbers']],
    ['correct Horse 5', []],
    ['12345678', ['mixedCase', 'letters', 'symbols']],
    ['x', [{ code: 'too_short', min: 8 }, 'mixedCase', 'symbols', 'numbers']]
  ]
  for (const [password, expected] of table) t.same(await missing(password), expected, password)
  t.same(await strict.check('Password1!'), [], 'the list of common passwords has it without the symbol')
  t.same((await createPasswordPolicy({ minLength: 8, refuseCommon: false, numbers: true }).check('x'.repeat(60_000))),
    [{ code: 'too_long', max: 1000, unit: 'bytes' }])
})

t.test('both rules of the policy can be configured', async (t) => {
  const lax = createPasswordPolicy({ minLength: 1, refuseCommon: false })
  t.same(await lax.check('a'), [])
  t.same(await lax.check('password'), [])
  const strict = createPasswordPolicy({ minLength: 15, refuseCommon: true })
  t.match(await strict.check('fourteen chars'), [{ code: 'too_short', min: 15 }])
})
