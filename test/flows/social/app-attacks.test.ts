import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { advanceTime } from '../../../src/testing.ts'
import { APP_CALLBACK, codeOf, IOS, startAppUpstream } from '../../support/app-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, makeClient, register, type Tokens } from '../../support/start-server.ts'
import { CLIENT } from '../../support/upstream.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }

type Header = Record<string, unknown>

/** A provider of whose key we sign id tokens ourselves. */
async function world (t: Test, { more, ...options }: Partial<AppOptions> & { more?: object } = {}) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const key: JWK = { ...await exportJWK(privateKey), kid: 'k1', alg: 'RS256', use: 'sig' }
  const upstream = await startAppUpstream(t, { jwks: { keys: [key] } })
  const { app, logs } = await build(t, {
    ...options, social: { acme: { ...CLIENT, issuer: upstream.issuer, redirectUris: [APP_CALLBACK], audiences: [IOS.clientId], ...more } }
  })
  const now = Math.floor(Date.now() / 1000)
  const usual = () => ({ ...ADA, iss: upstream.issuer, aud: CLIENT.clientId, iat: now, exp: now + 600, jti: randomUUID() })
  const sign = async (claims: object = {}, header: Header = {}, by: typeof privateKey = privateKey) =>
    await new SignJWT({ ...usual(), ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header }).sign(by)
  const enter = async (body: object, headers: Record<string, string> = {}) =>
    await app.inject({ method: 'POST', url: '/v1/auth/acme', headers, payload: { client: 'web', ...body } })
  const users = async () => (await sql(app, 'SELECT FROM users')).length
  return { app, logs, upstream, now, sign, enter, users }
}

t.test('an id token that the provider has signed for somebody or something else opens nothing', async (t) => {
  const { logs, now, sign, enter, users } = await world(t)
  const wrong: [what: string, claims: object, header?: Header][] = [
    ['another audience', { aud: 'a-game' }],
    ['another audience beside ours', { aud: [CLIENT.clientId, 'a-game'] }],
    ['another audience before ours', { aud: ['a-game', CLIENT.clientId], azp: CLIENT.clientId }],
    ['no audience', { aud: undefined }],
    ['an empty list of audiences', { aud: [] }],
    ['an audience that is an object', { aud: { 0: CLIENT.clientId } }],
    ['another authorized party', { azp: 'a-game' }],
    ['an authorized party that is a list with another', { azp: [CLIENT.clientId, 'a-game'] }],
    ['null as authorized party', { azp: null }],
    ['our id in other letters', { aud: 'LATCHKEY' }],
    ['another issuer', { iss: 'https://login.example.com' }],
    ['the issuer with a slash', { iss: `${CLIENT.clientId}/` }],
    ['no issuer', { iss: undefined }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject that is an object', { sub: { id: 1 } }],
    ['a subject that is too long', { sub: 'a'.repeat(256) }],
    ['a subject with a null character', { sub: 'ada\0' }],
    ['no expiry', { exp: undefined }],
    ['an expiry as text', { exp: String(now + 600) }],
    ['expired', { exp: now - 301 }],
    ['not valid yet', { nbf: now + 400 }],
    ['no time of issue', { iat: undefined }],
    ['issued in an hour', { iat: now + 3600 }],
    ['issued after the last day of a calendar', { iat: 1e300 }],
    ['an access token', {}, { typ: 'at+jwt' }],
    ['an access token, by its long name', {}, { typ: 'application/at+jwt' }],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
    ['a logout token by its type', {}, { typ: 'logout+jwt' }]
  ]
  for (const [what, claims, header] of wrong) {
    const token = await sign(claims, header)
    const answer = await enter({ id_token: token })
    t.match([answer.statusCode, answer.json()], [401, { code: 'LK_INVALID_CREDENTIALS' }], what)
    t.notMatch(logs(), token, 'no token in the log')
  }
  t.equal(await users(), 0)
  for (const claims of [
    {}, { aud: [CLIENT.clientId] }, { aud: CLIENT.clientId, azp: IOS.clientId }, { aud: [IOS.clientId], azp: IOS.clientId },
    { exp: now - 200 }
  ]) {
    t.equal((await enter({ id_token: await sign(claims, { typ: 'JWT' }) })).statusCode, 200, JSON.stringify(claims))
  }
  t.equal(await users(), 1)
})

t.test('a key that the token itself brings, or that another algorithm makes of ours, counts for nothing', async (t) => {
  const { sign, enter, users } = await world(t)
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...await exportJWK(publicKey), kid: 'k1' }
  const jwks = await startAppUpstream(t, { jwks: { keys: [{ ...await exportJWK(privateKey), kid: 'k1', alg: 'RS256', use: 'sig' }] } })
  for (const header of [{ jwk }, { jku: `${jwks.issuer}/jwks` }, { x5u: `${jwks.issuer}/jwks` }, { kid: `${jwks.issuer}/jwks` }, { kid: undefined }]) {
    t.equal((await enter({ id_token: await sign({}, header, privateKey) })).statusCode, 401, JSON.stringify(Object.keys(header)))
  }
  const pss = await generateKeyPair('PS256')
  t.equal((await enter({ id_token: await sign({}, { alg: 'PS256' }, pss.privateKey) })).statusCode, 401)
  t.equal(await users(), 0)
})

t.test('forged id tokens do not make this server ask the provider for its keys more than twice a minute', async (t) => {
  const { app, upstream, sign, enter } = await world(t)
  let requests = 0
  upstream.server.on('request', ({ url }) => { if (url === '/jwks') requests++ })
  const { privateKey } = await generateKeyPair('RS256')
  const flood = async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, async (_, i) => await sign({}, { kid: `k${i % 4}` }, privateKey)))
    t.same(new Set(await Promise.all(tokens.map(async (token) => (await enter({ id_token: token })).statusCode))), new Set([401]))
  }
  await flood()
  t.equal((await enter({ id_token: await sign() })).statusCode, 200, 'others log in')
  t.ok(requests <= 1, String(requests))
  await advanceTime(app, 31)
  await flood()
  t.ok(requests <= 2, String(requests))
})

t.test('claims of any shape and depth are refused or ignored, and break nothing', async (t) => {
  const { app, sign, enter } = await world(t)
  let deep: unknown = 1
  for (let i = 0; i < 2000; i++) deep = [deep]
  const strange = { deep, email: { toString: 'x' }, email_verified: 'true', name: ['Ada'], locale: { a: 1 }, auth_time: 'yesterday' }
  const answer = await enter({ id_token: await sign(strange) })
  t.equal(answer.statusCode, 200)
  for (const authTime of [-1e300, 1e300, -1e12, 1e12, -8.64e12]) {
    const { statusCode } = await enter({ id_token: await sign({ auth_time: authTime }) })
    t.equal(statusCode, 200, String(authTime))
  }
  t.equal((await enter({ id_token: await sign({ iat: -1e12 }) })).statusCode, 200)
  t.match(await sql(app, "SELECT FROM sessions WHERE auth_time > now() + interval '1 second'"), [])
  t.match(await sql(app, 'SELECT u.name, i.value FROM users u LEFT JOIN identifiers i ON i.user_id = u.id'), [{ name: null, value: null }])
  t.equal((await enter({ id_token: `a.${'b'.repeat(17_000)}.c` })).statusCode, 422)
  t.equal((await enter({ oauth_token: 'x'.repeat(2_000_000) })).statusCode, 413)
})

t.test('what was used at one door is used at the other: login, and adding a way in', async (t) => {
  const { app, upstream, sign, enter } = await world(t)
  await register(app, { email: 'grace@example.com' })
  const { access_token: token } = (await login(app, { email: 'grace@example.com' })).json<Tokens>()
  const link = async (payload: object) =>
    (await app.inject({ method: 'POST', url: '/v1/auth/acme/link', headers: { authorization: `Bearer ${token}` }, payload })).statusCode
  const [idToken, code] = [{ id_token: await sign() }, await codeOf(upstream, { ...ADA, sub: 'other', email: 'other@example.com' })]
  t.equal((await enter(idToken)).statusCode, 200)
  t.equal(await link(idToken), 401)
  t.equal(await link(code), 201)
  t.equal((await enter(code)).statusCode, 401)
  const two = { id_token: await sign({ sub: 'third', email: 'third@example.com' }) }
  const statuses = await Promise.all([link(two), enter(two).then(({ statusCode }) => statusCode)])
  t.equal(statuses.filter((status) => status === 401).length, 1, statuses.join())
})

t.test('a code that was sent to our own page is not redeemed for an app, however its address is written', async (t) => {
  const own = 'http://localhost:3000/v1/auth/acme/callback'
  const { upstream, enter, users } = await world(t, { more: { redirectUris: [APP_CALLBACK, 'http://localhost/v1/auth/acme/callback', own] } })
  const code = await codeOf(upstream, ADA, { redirectUri: own })
  for (const address of [
    own, 'http://localhost:3000/v1/auth/../auth/acme/callback', 'http://LOCALHOST:3000/v1/auth/acme/callback',
    'http://localhost:3000/v1/%61uth/acme/callback', 'http://localhost:03000/v1/auth/acme/callback'
  ]) {
    t.equal((await enter({ ...code, redirect_uri: address })).statusCode, 422, address)
  }
  t.equal(await users(), 0)
})

t.test('a client that is revoked logs nobody in, and the proof is not used up', async (t) => {
  const { app, sign, enter, users } = await world(t)
  const { basic } = await makeClient(app)
  await sql(app, 'UPDATE clients SET revoked_at = now()')
  const payload = { id_token: await sign() }
  t.equal((await app.inject({ method: 'POST', url: '/v1/auth/acme', headers: { authorization: basic }, payload })).statusCode, 401)
  t.equal((await enter(payload)).statusCode, 404)
  t.equal(await users(), 0)
  t.equal((await sql(app, "SELECT FROM one_time_tokens WHERE purpose = 'used'")).length, 0)
})

t.test('a page of CORS_ORIGINS may read the answer with its cookie, and another may not even ask', async (t) => {
  const { app } = await world(t, { corsOrigins: ['https://app.example.com'] })
  const ask = async (origin: string, url: string) => (await app.inject({
    method: 'OPTIONS', url, headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
  })).headers
  for (const url of ['/v1/auth/acme', '/v1/clients/web/login']) {
    t.match(await ask('https://app.example.com', url), {
      'access-control-allow-origin': 'https://app.example.com', 'access-control-allow-credentials': 'true'
    }, url)
    t.equal((await ask('https://evil.example', url))['access-control-allow-origin'], undefined, url)
  }
})
