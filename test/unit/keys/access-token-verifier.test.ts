import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { createAccessTokenKeys } from '../../../src/keys/access-token-keys.ts'
import { createAccessTokenVerifier, nullIfRefused } from '../../../src/keys/access-token-verifier.ts'
import { createSigner } from '../../../src/keys/key-ring.ts'
import { createClock } from '../../../src/runtime/clock.ts'

const ISSUER = 'https://id.example.com'
const API = 'https://api.example.com'

function createKey (kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256' },
    sign: (claims: object, typ = 'at+jwt') => createSigner(pem, { alg: 'ES256', typ, kid })(claims)
  }
}

const now = () => Math.floor(Date.now() / 1000)
const claims = (changes: object = {}) => ({
  iss: ISSUER, sub: 'ada', aud: ISSUER, client_id: 'lk_client_web', iat: now(), exp: now() + 60, jti: 'j', epoch: 0, ...changes
})

function createVerifier (...jwks: ReturnType<typeof createKey>['jwk'][]) {
  const state = { reads: 0, issuer: ISSUER }
  const clock = createClock()
  const keys = createAccessTokenKeys({ read: async () => { state.reads++; keys.replace(jwks) }, retryAfter: 60_000, now: clock.monotonic })
  return { state, keys, clock, verify: createAccessTokenVerifier({ issuer: () => state.issuer, findKey: keys.find, clock }) }
}

t.test('each failed check has its own code', async (t) => {
  const key = createKey('one')
  const { verify } = createVerifier(key.jwk)
  const good = key.sign(claims())
  t.match(await verify(good), { kid: 'one', claims: { sub: 'ada' } })
  const bad: [string, string][] = [
    ['malformed', 'a.b.c'],
    ['malformed', ''],
    ['malformed', `${Buffer.from('null').toString('base64url')}.b.c`],
    ['unknown_key', createKey('other').sign(claims())],
    ['bad_signature', createKey('one').sign(claims())],
    ['wrong_type', key.sign(claims(), 'JWT')],
    ['expired', key.sign(claims({ exp: 1 }))],
    ['wrong_issuer', key.sign(claims({ iss: API }))],
    ['wrong_issuer', key.sign(claims({ iss: [ISSUER] }))],
    ['invalid', key.sign(claims({ aud: undefined }))],
    ['invalid', key.sign(claims({ client_id: undefined }))]
  ]
  for (const [reason, token] of bad) await t.rejects(verify(token), { name: 'TokenRefused', reason }, reason)
  t.equal(await verify('a.b.c').catch(nullIfRefused), null)
})

t.test('the audience is an argument, so that one verifier serves several resource servers', async (t) => {
  const key = createKey('one')
  const { verify } = createVerifier(key.jwk)
  const [forIssuer, forBoth] = [key.sign(claims()), key.sign(claims({ aud: [ISSUER, API] }))]
  for (const audience of [undefined, ISSUER, [API, ISSUER]]) t.ok(await verify(forIssuer, audience))
  for (const audience of [undefined, ISSUER, API, [API]]) t.ok(await verify(forBoth, audience))
  for (const audience of [API, [API], [], `${ISSUER}/`]) await t.rejects(verify(forIssuer, audience), { name: 'TokenRefused', reason: 'wrong_audience' })
})

t.test('a cached token is checked again for expiry, issuer and key', async (t) => {
  const key = createKey('one')
  const { state, keys, clock, verify } = createVerifier(key.jwk)
  const token = key.sign(claims())
  const first = await verify(token)
  t.equal(await verify(token), first, 'its signature is not checked again')
  keys.replace([key.jwk])
  t.equal(await verify(token), first, 'nor after the same keys were read again')

  clock.advance(120_000)
  await t.rejects(verify(token), { name: 'TokenRefused', reason: 'expired' })
  clock.advance(-120_000)
  state.issuer = 'http://localhost:4000'
  await t.rejects(verify(token), { name: 'TokenRefused', reason: 'wrong_issuer' })
  state.issuer = ISSUER
  keys.replace([createKey('one').jwk])
  await t.rejects(verify(token), { name: 'TokenRefused', reason: 'bad_signature' }, 'another key under the same name')
  keys.replace([])
  await t.rejects(verify(token), { name: 'TokenRefused', reason: 'unknown_key' })
})

t.test('a failure to read keys is an error of its own, not a refused token', async (t) => {
  let fails = true
  const key = createKey('one')
  const keys = createAccessTokenKeys({
    retryAfter: 1000,
    now: createClock().monotonic,
    read: async () => {
      if (fails) throw new Error('down')
      keys.replace([key.jwk])
    }
  })
  const verify = createAccessTokenVerifier({ issuer: () => ISSUER, findKey: keys.find, clock: createClock() })
  await t.rejects(verify(key.sign(claims())), { message: 'down' })
  await t.rejects(verify(key.sign(claims())).catch(nullIfRefused), { message: 'down' })
  fails = false
  t.ok(await verify(key.sign(claims())))
})

t.test('tokens with unknown key ids cause one read of the keys', async (t) => {
  const key = createKey('one')
  const { state, keys, verify } = createVerifier(key.jwk)
  await Promise.all(['a', 'b', 'c'].map((kid) => verify(createKey(kid).sign(claims())).catch(nullIfRefused)))
  t.equal(state.reads, 1)
  t.ok(await keys.find('one'))
  t.equal(await keys.find('d'), undefined)
  t.equal(state.reads, 1)
})
