import t from 'tap'
import { isPersonalToken, looksLikePersonalToken, newPersonalToken } from '../../../src/personal-tokens/form.ts'

t.test('256 random bits behind a prefix, with a checksum, in characters that need no escaping', async (t) => {
  const tokens = Array.from({ length: 1000 }, newPersonalToken)
  t.equal(new Set(tokens).size, 1000)
  for (const token of tokens) {
    t.match(token, /^lk_pat_[A-Za-z0-9_-]{48}$/)
    t.ok(isPersonalToken(token))
  }
})

t.test('no single character may change, and none may go or come', async (t) => {
  const token = newPersonalToken()
  for (let index = 0; index < token.length; index++) {
    const other = token[index] === 'A' ? 'B' : 'A'
    t.notOk(isPersonalToken(token.slice(0, index) + other + token.slice(index + 1)), `another at ${index}`)
    t.notOk(isPersonalToken(token.slice(0, index) + token.slice(index + 1)), `none at ${index}`)
  }
  for (const text of [`${token}A`, ` ${token}`, `${token}\n`, `${token}=`, '', 'lk_pat_']) {
    t.notOk(isPersonalToken(text), JSON.stringify(text))
  }
})

t.test('other tokens are told apart by their prefix', async (t) => {
  for (const text of ['lk_rt_x', 'eyJhbGciOiJFUzI1NiJ9.e30.x', 'LK_PAT_x', '']) t.notOk(looksLikePersonalToken(text))
  t.ok(looksLikePersonalToken('lk_pat_x'))
})
