import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { decodeJwt, jwtVerify } from 'jose'
import t from 'tap'
import { createClientSecret } from '../../../src/social/client-secret.ts'
import type { LatchkeyOptions } from '../../../src/config/config.ts'
import { configFrom, readEnvironment } from '../../../src/config/environment.ts'
import { createProviders } from '../../../src/social/providers.ts'

const HOUR = 3_600_000
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

function secretOf (social: object, now: () => number) {
  const providers = createProviders(configFrom({ social } as LatchkeyOptions, readEnvironment({}, { prefixedOnly: false })).social)
  return createClientSecret([...providers.values()][0]!, now)
}

t.test('the secret for Apple is signed with the key of the team, and of one day', async (t) => {
  const now = Date.UTC(2030, 0, 1, 12) + 700
  // As a variable has it
  const secret = await secretOf({ apple: { clientId: 'com.example', teamId: 'TEAM', keyId: 'KEY', privateKey: pem.replaceAll('\n', '\\n') } }, () => now)()
  const { protectedHeader, payload } = await jwtVerify(secret!, createPublicKey(privateKey), { currentDate: new Date(now) })
  t.same(protectedHeader, { alg: 'ES256', kid: 'KEY' })
  const iat = Math.floor(now / 1000)
  t.same(payload, { iss: 'TEAM', sub: 'com.example', aud: 'https://appleid.apple.com', iat, exp: iat + 86_400 })
})

t.test('it is made again after twelve hours, and when the clock is set back', async (t) => {
  const start = Date.UTC(2030, 0, 1, 12)
  let now = start
  const secret = secretOf({ apple: { clientId: 'com.example', teamId: 'TEAM', keyId: 'KEY', privateKey: pem } }, () => now)
  const first = await secret()
  now += 12 * HOUR - 1000
  t.equal(await secret(), first)
  now += 1000
  const second = await secret()
  t.equal(decodeJwt(second!).iat, now / 1000)
  now = start - HOUR
  t.equal(decodeJwt((await secret())!).iat, now / 1000, 'one of the future would be refused')
})

t.test('other providers have the secret that is configured, or none', async (t) => {
  t.equal(await secretOf({ google: { clientId: 'a', clientSecret: 'b' } }, () => 0)(), 'b')
  t.equal(await secretOf({ google: { clientId: 'a' } }, () => 0)(), undefined)
})
