import { createHmac } from 'node:crypto'
import t from 'tap'
import { v4 as uuidv4, v7 as uuidv7 } from 'uuid'
import { deriveKeys } from '../../../src/crypto/app-key.ts'
import { createRefreshTokens } from '../../../src/sessions/refresh-token.ts'

const ISSUER = 'https://id.example'
const key = (fill: string) => Buffer.alloc(32, fill).toString('base64')
const tokensOf = (fills: string[], issuer = ISSUER) => createRefreshTokens(deriveKeys(fills.map(key), 'refresh-tokens'), { issuer })

const { encode, decode, newSecret } = tokensOf(['a'])
const sample = () => ({ sessionId: uuidv7(), generation: 41, secret: newSecret() })
const bytesOf = (text: string) => Buffer.from(text.slice('lk_rt_'.length), 'base64url')
const textOf = (bytes: Buffer) => `lk_rt_${bytes.toString('base64url')}`

t.test('a refresh token encodes session, generation and secret', async (t) => {
  for (const generation of [0, 1, 8, 255, 256, 2 ** 31 - 1, 2 ** 32 - 1]) {
    for (const sessionId of [uuidv7(), uuidv4(), '00000000-0000-0000-0000-000000000000'.replace(/0/g, 'f')]) {
      const token = { sessionId, generation, secret: newSecret() }
      t.same(decode(encode(token)), token)
    }
  }
})

t.test('a refresh token is lk_rt_ and 96 URL-safe characters, and fits a cookie', async (t) => {
  for (let i = 0; i < 100; i++) t.match(encode(sample()), /^lk_rt_[A-Za-z0-9_-]{96}$/)
})

t.test('RFC 6749 section 10.10: secrets have 128 random bits', async (t) => {
  const secrets = Array.from({ length: 1000 }, () => newSecret().toString('hex'))
  t.equal(new Set(secrets).size, 1000)
  t.same([...new Set(secrets.map((secret) => secret.length))], [32])
})

t.test('the successor depends on the token and the generation only', async (t) => {
  const { generation, ...rest } = sample()
  const successor = encode({ ...rest, generation: generation + 1 })
  t.equal(encode({ ...rest, generation: generation + 1 }), successor, 'the same for all who ask')
  t.not(successor, encode({ ...rest, generation }))
  t.same(decode(successor), { ...rest, generation: generation + 1 })
})

t.test('a token with any bit changed is refused', async (t) => {
  const bytes = bytesOf(encode(sample()))
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    if (decode(textOf(changed)) !== null) t.fail(`bit ${bit} may`)
  }
  t.same(bytes.length, 72)
})

t.test('a token has exactly one spelling', async (t) => {
  for (let i = 0; i < 50; i++) {
    const text = encode(sample())
    const body = text.slice('lk_rt_'.length)
    for (const other of [
      body.replaceAll('-', '+'), body.replaceAll('_', '/'), `${body}=`, `${body}\n`, ` ${body}`,
      body.replace(/(.{40})/, '$1 '), body.replace(/.$/, '')
    ]) {
      if (other !== body && decode(`lk_rt_${other}`) !== null) t.fail(`read ${JSON.stringify(other)}`)
    }
    t.ok(decode(text))
  }
})

t.test('text that is no token decodes to null without an error', async (t) => {
  for (const text of [
    '', 'lk_rt_', `lk_rt_${'A'.repeat(96)}`, `lk_rt_${'é'.repeat(96)}`, `lk_rt_${'\0'.repeat(96)}`,
    `lk_rt_${'\uD800'.repeat(96)}`, 'A'.repeat(102), 'lk_rt_'.repeat(17), `lk_rt_${'A'.repeat(1_000_000)}`
  ]) {
    t.equal(decode(text), null)
  }
})

t.test('tokens of another issuer, another APP_KEY or another purpose of the key decode to null', async (t) => {
  const token = sample()
  const other = createRefreshTokens(deriveKeys([key('a')], 'signing-keys'), { issuer: ISSUER })
  for (const { encode } of [tokensOf(['a'], 'https://id.example.'), tokensOf(['a'], ''), tokensOf(['b']), other]) {
    t.equal(decode(encode(token)), null)
  }
})

t.test('the id of a MAC key reveals nothing of the key, and the MAC covers it', async (t) => {
  const token = sample()
  const [mine, theirs] = [bytesOf(encode(token)), bytesOf(tokensOf(['b']).encode(token))]
  const swapped = Buffer.from(theirs)
  mine.copy(swapped, 20, 20, 24)
  t.equal(decode(textOf(swapped)), null)
  const [derived] = deriveKeys([key('a')], 'refresh-tokens')
  t.notOk(derived!.includes(mine.subarray(20, 24)))
  const mac = createHmac('sha256', derived!).update(mine.subarray(0, 40)).update(ISSUER).digest()
  t.same(mine.subarray(40), mac, 'HMAC-SHA-256 over all before it, and the issuer')
})

t.test('APP_PREVIOUS_KEYS verify tokens and never create them', async (t) => {
  const token = sample()
  const old = tokensOf(['a']).encode(token)
  const both = tokensOf(['b', 'a', 'z'])
  t.same(both.decode(old), token)
  t.equal(both.encode(token), tokensOf(['b']).encode(token))
  t.equal(tokensOf(['b']).decode(old), null)
})
