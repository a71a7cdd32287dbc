import t from 'tap'
import { isPersonalToken, looksLikePersonalToken, newPersonalToken } from '../../../src/personal-tokens/form.ts'

t.test('a personal access token is a prefix, 256 random bits and a checksum, in URL-safe characters', async (t) => {
  const tokens = Array.from({ length: 1000 }, newPersonalToken)
  t.equal(new Set(tokens).size, 1000)
  for (const token of tokens) {
    t.match(token, /^lk_pat_[A-Za-z0-9_-]{48}$/)
    t.ok(isPersonalToken(token))
  }
})

t.test('a token with a changed, missing or additional character is malformed', async (t) => {
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

t.test('tokens of other kinds are recognized by their prefix', async (t) => {
  for (const text of ['lk_rt_x', 'eyJhbGciOiJFUzI1NiJ9.e30.x', 'LK_PAT_x', '']) t.notOk(looksLikePersonalToken(text))
  t.ok(looksLikePersonalToken('lk_pat_x'))
})
