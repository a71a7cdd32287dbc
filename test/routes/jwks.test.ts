import { createRemoteJWKSet, importJWK, jwtVerify, decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import t from 'tap'
import { sharedServers } from '../support/shared-server.ts'
import { signedIn } from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

t.test('RFC 7517: the JWKS has public keys only, with kid, alg and use', async (t) => {
  const { app } = await build(t)
  const answer = await app.inject('/.well-known/jwks.json')
  t.equal(answer.statusCode, 200)
  const { keys } = answer.json<JSONWebKeySet>()
  t.ok(keys.some(({ alg }) => alg === 'ES256'))
  t.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length, 'each kid once')
  for (const key of keys) {
    t.match(key, { kid: /^.{8,}$/, use: 'sig' })
    t.match(
      key,
      key.alg === 'ES256'
        ? { kty: 'EC', crv: 'P-256', x: /^[\w-]{43}$/, y: /^[\w-]{43}$/ }
        : { alg: 'RS256', kty: 'RSA', e: 'AQAB', n: /^[\w-]{300,}$/ }
    )
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) t.notOk(secret in key, secret)
    t.equal((await importJWK(key) as { type?: string }).type, 'public')
  }
})

t.test('every origin may read the JWKS, and caches may keep it for a while', async (t) => {
  const { app } = await build(t)
  const { headers } = await app.inject('/.well-known/jwks.json')
  t.match(headers, {
    'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin',
    'cache-control': /^public, max-age=[1-9]\d*$/, 'content-type': /^application\/json/
  })
})

t.test('a resource server finds the key of a token by its kid, over HTTP', async (t) => {
  const { app } = await build(t, { appUrl: 'http://localhost:3000' })
  const { access_token: accessToken } = await signedIn(app)
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', address))
  const { issuer } = internals(app).config
  const { protectedHeader } = await jwtVerify(accessToken, keys, { issuer, audience: issuer, typ: 'at+jwt', algorithms: ['ES256'] })
  t.equal(protectedHeader.kid, decodeProtectedHeader(accessToken).kid)
})

t.test('the JWKS is served under a prefix, too', async (t) => {
  const { app } = await build(t, { prefix: '/auth' })
  t.equal((await app.inject('/auth/.well-known/jwks.json')).statusCode, 200)
})
