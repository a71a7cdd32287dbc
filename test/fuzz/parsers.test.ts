import assert from 'node:assert/strict'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { parseForm } from '../../src/http/form.ts'
import { parseJson } from '../../src/http/json.ts'
import { localPath } from '../../src/http/return-to.ts'
import { clientCredentials } from '../../src/clients/authentication.ts'
import { OAuthError } from '../../src/oauth/errors.ts'
import { createRefreshTokens } from '../../src/sessions/refresh-token.ts'
import { parseScope } from '../../src/oauth/scopes.ts'
import { clean, email, plain } from '../../src/users/attributes.ts'
import { phoneNormalizer } from '../../src/users/phone.ts'

const RUNS = { numRuns: 500 }
/** Throws with the smallest counterexample. */
function check (t: Test, property: fc.IRawProperty<unknown>): void {
  fc.assert(property, RUNS)
  t.pass(`${RUNS.numRuns} cases`)
}

const status = (work: () => unknown): number => {
  try {
    work()
    return 200
  } catch (error) {
    return (error as { statusCode?: number }).statusCode ?? 500
  }
}

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) =>
  text.isWellFormed() && !/[\0\uFFFD]/.test(text) && text !== '__proto__'
)

t.test('a form that is encoded and parsed is the same', async (t) => {
  check(t, fc.property(fc.dictionary(name, name, { noNullPrototype: true }), (params) => {
    assert.deepEqual({ ...parseForm(new URLSearchParams(params).toString()) }, params)
  }))
})

t.test('any text is parsed as a form or refused with 400', async (t) => {
  check(
    t,
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      if (![200, 400].includes(status(() => parseForm(text)))) throw new Error(text)
    })
  )
})

t.test('any bytes are parsed as JSON or refused with 400', async (t) => {
  check(
    t,
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      if (![200, 400].includes(status(() => parseJson(Buffer.from(bytes))))) throw new Error('not 400')
    })
  )
})

t.test('JSON that is encoded and parsed is the same', async (t) => {
  const keys = fc.string({ unit: 'grapheme', maxLength: 10 }).filter((key) =>
    key.isWellFormed() && !/^(__proto__|constructor)$|\0/.test(key)
  )
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      keys,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 4, noNullPrototype: true })
    )
  })).value
  check(t, fc.property(value, (json) => { assert.deepEqual(parseJson(Buffer.from(JSON.stringify(json))), json) }))
})

t.test('a repeated member is refused at any depth', async (t) => {
  check(t, fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 8 }), fc.integer({ min: 0, max: 5 }), (key, depth) => {
    const member = JSON.stringify(key)
    const text = `${'{"a":['.repeat(depth)}{${member}:1,${member}:2}${']}'.repeat(depth)}`
    if (status(() => parseJson(Buffer.from(text))) !== 400) throw new Error(text)
  }))
})

t.test('HTTP Basic decodes every id and secret', async (t) => {
  const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => text.isWellFormed())
  check(t, fc.property(part, part, (id, secret) => {
    const header = `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
    assert.deepEqual(clientCredentials(header, {}), { id, secret, viaHeader: true })
  }))
})

t.test('any Authorization header is read, or refused as OAuth requires', async (t) => {
  check(
    t,
    fc.property(
      fc.oneof(fc.string(), fc.string().map((text) => `Basic ${text}`), fc.base64String().map((text) => `basic ${text}`)),
      (header) => {
        try {
          clientCredentials(header, { client_id: 'x' })
        } catch (error) {
          if (!(error instanceof OAuthError)) throw error
        }
      }
    )
  )
})

t.test('any text is a list of distinct scopes or invalid_scope', async (t) => {
  check(
    t,
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      try {
        const scopes = parseScope(text) ?? []
        if (new Set(scopes).size !== scopes.length || scopes.some((scope) => !/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(scope))) {
          throw new Error(text)
        }
      } catch (error) {
        if (!(error instanceof OAuthError) || error.error !== 'invalid_scope') { throw error }
      }
    })
  )
})

t.test('a refresh token decodes to what was encoded, and to null with one bit changed', async (t) => {
  const tokens = createRefreshTokens([Buffer.alloc(32, 1)], { issuer: 'http://localhost:3000' })
  check(t, fc.property(fc.uuid({ version: 7 }), fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 71 * 8 }), (sessionId, generation, bit) => {
    const secret = tokens.newSecret()
    const text = tokens.encode({ sessionId, generation, secret })
    assert.deepEqual(tokens.decode(text), { sessionId, generation, secret })
    const bytes = Buffer.from(text.slice(6), 'base64url')
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    if (tokens.decode(`lk_rt_${bytes.toString('base64url')}`) !== null) throw new Error('forged')
  }))
})

t.test('arbitrary text is no refresh token', async (t) => {
  const tokens = createRefreshTokens([Buffer.alloc(32, 1)], { issuer: 'http://localhost:3000' })
  check(
    t,
    fc.property(fc.oneof(fc.string(), fc.base64String({ minLength: 96, maxLength: 96 }).map((text) => `lk_rt_${text}`)), (text) =>
      tokens.decode(text) === null)
  )
})

t.test('normalizing a normalized value changes nothing', async (t) => {
  const phone = await phoneNormalizer('DE')
  for (const normalize of [plain, email, phone]) {
    check(
      t,
      fc.property(
        fc.oneof(fc.emailAddress(), fc.string({ unit: 'grapheme', maxLength: 40 }), fc.stringMatching(/^\+?[0-9 ()./-]{6,20}$/)),
        (text) => {
          const cleaned = clean(text)
          const once = cleaned === null ? null : normalize(cleaned)
          if (once === null) return
          const again = clean(once)
          assert.equal(again === null ? null : normalize(again), once)
        }
      )
    )
  }
})

t.test('a return path that begins with // is refused quickly, however long it is', async (t) => {
  t.equal(localPath('//evil.example'), null)
  const before = process.cpuUsage()
  t.equal(localPath(`//${Array.from({ length: 21_000 }, (_, index) => String.fromCharCode(0x4e00 + index % 20_000)).join('')}`), null)
  t.ok(process.cpuUsage(before).user < 200_000, 'as a host it would take a second')
})

t.test('a return path never leaves this server', async (t) => {
  const parts = fc.constantFrom(
    '/',
    '//',
    '\\',
    '/\\',
    'evil.example',
    ':',
    '@',
    '?',
    '#',
    '%2f',
    '\t',
    '\n',
    ' ',
    'http:',
    'javascript:',
    '.',
    '..',
    'a',
    'ｅvil',
    '\u2028'
  )
  check(
    t,
    fc.property(fc.array(parts, { maxLength: 8 }), (list) => {
      const path = localPath(list.join(''))
      if (path !== null && new URL(path, 'https://id.example.com').origin !== 'https://id.example.com') throw new Error(path)
    })
  )
})
