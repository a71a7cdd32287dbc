import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { guardedHost } from '../../support/guarded-host.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { makeClient, profile, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

t.test('RFC 6750 section 3.1: a request without a token is 401 without an error code', async (t) => {
  const { app } = await build(t)
  for (const authorization of [undefined, 'Basic abc', 'Bearer', 'Bearer two words here']) {
    const response = await app.inject({ url: '/v1/profile', headers: authorization === undefined ? {} : { authorization } })
    t.equal(response.statusCode, 401)
    t.match(response.headers['www-authenticate'], /^Bearer/)
    t.notMatch(response.headers['www-authenticate'], /error=/)
  }
})

t.test('RFC 9068 section 4: a token of another issuer or another type is invalid_token', async (t) => {
  const { app } = await build(t)
  const { access_token: good } = await signedIn(app)
  const [head, body, signature] = good.split('.') as [string, string, string]
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as { exp: number }
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const forged = (header: object, payload: object) => {
    const input = `${encode(header)}.${encode(payload)}`
    return `${input}.${sign('sha256', Buffer.from(input), { key: stranger.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }
  const jwk = internals(app).keys.jwks().keys.find((key) => key.kid === kid)!
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
  const hs256 = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${body}`
  const ours = (changes: object, type = 'at+jwt') => internals(app).keys.sign('ES256', { ...claims, ...changes }, type)

  const bad: Record<string, string> = {
    'alg none': `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${body}.`,
    'HS256 with the public key as secret': `${hs256}.${createHmac('sha256', pem).update(hs256).digest('base64url')}`,
    'another key under our kid': forged({ alg: 'ES256', typ: 'at+jwt', kid }, claims),
    'an unknown kid': forged({ alg: 'ES256', typ: 'at+jwt', kid: 'unknown' }, claims),
    'a changed payload': `${head}.${encode({ ...claims, scope: '*' })}.${signature}`,
    'no signature': `${head}.${body}.`,
    'an id token': internals(app).keys.sign('RS256', claims, 'JWT'),
    'our key, type JWT': ours({}, 'JWT'),
    'another issuer': ours({ iss: 'https://evil.example' }),
    'another audience': ours({ aud: 'https://evil.example' }),
    expired: ours({ exp: 1 }),
    'no client_id': ours({ client_id: undefined }),
    nonsense: 'a.b.c'
  }
  for (const [name, text] of Object.entries(bad)) {
    const response = await profile(app, text)
    t.equal(response.statusCode, 401, `${name}: ${response.body}`)
    t.match(response.headers['www-authenticate'], /error="invalid_token"/, name)
  }
  t.equal((await profile(app, ours({}))).statusCode, 200, 'what was changed above is what was refused')
})

t.test('RFC 6750 section 3.1: a guard requires all or one of its scopes, and the 403 names the missing ones', async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read', write: 'Write' } })
  const { basic } = await makeClient(app)
  await signedIn(app)
  const login = async (scope: string) =>
    (await token(app, { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple', scope }, basic))
      .json<Tokens>().access_token
  const host = await guardedHost(t, app)
  host.get(
    '/all',
    { onRequest: host.authGuard('api', { scopes: ['read', 'write'] }) },
    async ({ auth }) => ({ can: auth.can('write'), scopes: auth.scopes })
  )
  host.get('/any', { onRequest: host.authGuard('api', { anyScope: ['read', 'write'] }) }, async () => ({}))
  const get = async (url: string, scope: string) => await host.inject({ url, headers: { authorization: `bearer ${await login(scope)}` } })

  t.same((await get('/all', 'read write')).json(), { can: true, scopes: ['read', 'write'] })
  t.same((await get('/all', '*')).json(), { can: true, scopes: ['*'] })
  t.equal((await get('/any', 'write')).statusCode, 200)
  const refused = await get('/all', 'read')
  t.equal(refused.statusCode, 403)
  t.match(refused.headers['www-authenticate'], /error="insufficient_scope".*scope="read write"/)
})

t.test('RFC 9700 section 4.15: a token of a client is never accepted as one of a user', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app, { grantTypes: ['client_credentials'] })
  const machine = (await token(app, { grant_type: 'client_credentials' }, basic)).json<Tokens>()
  t.notOk(machine.refresh_token)
  t.equal((await profile(app, machine.access_token)).statusCode, 401)
})
