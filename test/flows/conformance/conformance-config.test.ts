import { importJWK, type JWK } from 'jose'
import t from 'tap'
import { build } from '../../support/start-server.ts'

// The module of the Config OP plan of the OpenID Foundation's suite, by its name
t.test('oidcc-discovery-endpoint-verification', async (t) => {
  const issuer = 'https://id.example.com'
  const { app } = await build(t, { appUrl: issuer })
  const answer = await app.inject('/.well-known/openid-configuration')
  t.match([answer.statusCode, answer.headers['content-type']], [200, /^application\/json/])
  const metadata = answer.json<Record<string, string | string[] | boolean>>()
  t.equal(metadata['issuer'], issuer)
  for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'end_session_endpoint']) {
    t.ok(name in metadata, name)
  }
  for (const [name, url] of Object.entries(metadata)) {
    if (/_endpoint$|_uri$/.test(name)) t.match(url, /^https:\/\/id\.example\.com\//, name)
  }
  t.match(metadata, { response_types_supported: ['code'], subject_types_supported: ['public'], claims_parameter_supported: true })
  t.ok((metadata['scopes_supported'] as string[]).includes('openid'))
  t.ok((metadata['id_token_signing_alg_values_supported'] as string[]).includes('RS256'))
  t.ok((metadata['claims_supported'] as string[]).includes('sub'))

  const { keys } = (await app.inject(new URL(metadata['jwks_uri'] as string).pathname)).json<{ keys: (JWK & { kid: string })[] }>()
  t.ok(keys.some(({ kty }) => kty === 'RSA'))
  t.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length, 'each kid once')
  for (const key of keys) {
    t.match(key, { use: 'sig', alg: String })
    t.notOk(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].some((part) => part in key), 'nothing private')
    t.ok(await importJWK(key, key.alg))
  }
})
