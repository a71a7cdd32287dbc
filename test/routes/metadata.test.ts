import Fastify from 'fastify'
import t from 'tap'
import { oauth } from '../../src/index.ts'
import { sharedServers } from '../support/shared-server.ts'
import { createDatabase, FAST } from '../support/start-server.ts'
import { authorizeUrl, makeApp, visit } from '../support/visitor.ts'

const build = sharedServers(t)

const OIDC = '/.well-known/openid-configuration'
const OAUTH = '/.well-known/oauth-authorization-server'
const RESOURCE = '/.well-known/oauth-protected-resource'

t.test('RFC 8414 section 2: the metadata describes what is served, and every endpoint in it exists', async (t) => {
  const { app } = await build(t, { scopes: { 'orders:read': 'See your orders' } })
  const answer = await app.inject(OIDC)
  t.match(answer.headers, {
    'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*', 'content-type': /^application\/json/
  })
  const metadata = answer.json<Record<string, string>>()
  t.same((await app.inject(OAUTH)).json(), metadata)
  t.match(metadata, {
    issuer: 'http://localhost:3000',
    code_challenge_methods_supported: ['S256'],
    response_types_supported: ['code'],
    authorization_response_iss_parameter_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    grant_types_supported: [
      'password', 'authorization_code', 'urn:ietf:params:oauth:grant-type:device_code', 'client_credentials',
      'refresh_token'
    ]
  })
  t.ok(['openid', 'offline_access', 'orders:read'].every((scope) => metadata['scopes_supported']!.includes(scope)))
  for (const [name, url] of Object.entries(metadata)) {
    if (!/_endpoint$|^jwks_uri$/.test(name)) continue
    const { origin, pathname } = new URL(url)
    t.equal(origin, 'http://localhost:3000')
    t.ok(app.hasRoute({ method: 'GET', url: pathname }) || app.hasRoute({ method: 'POST', url: pathname }), name)
  }
  t.match((await app.inject(RESOURCE)).json(), {
    resource: 'http://localhost:3000', authorization_servers: ['http://localhost:3000'], bearer_methods_supported: ['header']
  })
})

t.test('under a prefix the metadata is served after the path (OpenID Connect) and before it (RFC 8414, RFC 9728)', async (t) => {
  const { app } = await build(t, { prefix: '/auth', appUrl: 'https://id.example.com' })
  for (const url of [`/auth${OIDC}`, `/auth${OAUTH}`, `${OIDC}/auth`, `${OAUTH}/auth`]) {
    t.match((await app.inject(url)).json(), {
      issuer: 'https://id.example.com/auth',
      token_endpoint: 'https://id.example.com/auth/v1/oauth/token'
    }, url)
  }
  for (const url of [`/auth${RESOURCE}`, `${RESOURCE}/auth`]) {
    t.match((await app.inject(url)).json(), { resource: 'https://id.example.com/auth' }, url)
  }
  t.equal((await app.inject(OIDC)).statusCode, 404, "the root is the host's")
})

t.test('RFC 9700 section 4.13: addresses come from APP_URL, never from the request', async (t) => {
  const { app } = await build(t, { appUrl: 'https://id.example.com' })
  const client = await makeApp(app)
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' }
  const visitor = visit(app)
  for (const url of [OIDC, RESOURCE, '/login', '/register', '/logout', authorizeUrl(client.id), authorizeUrl('nobody')]) {
    const { body, headers: answered } = await visitor.get(url, headers)
    t.notMatch(body + JSON.stringify(answered), 'evil.example', url)
  }
})

t.test('with PASSWORD_GRANT=off the metadata does not list the password grant', async (t) => {
  const { app } = await build(t, { passwordGrant: 'off' })
  t.notOk((await app.inject(OIDC)).json<{ grant_types_supported: string[] }>().grant_types_supported.includes('password'))
})

t.test('the plugin oauth alone serves what its metadata names, including the login page', async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  await host.register(oauth, { ...FAST, prefix: '/auth', databaseUrl: await createDatabase(t) })
  const metadata = (await host.inject(`/auth${OIDC}`)).json<Record<string, string>>()
  for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'end_session_endpoint', 'jwks_uri']) {
    const { pathname } = new URL(metadata[name]!)
    t.ok(host.hasRoute({ method: 'GET', url: pathname }) || host.hasRoute({ method: 'POST', url: pathname }), name)
  }
  t.equal((await visit(host).get('/auth/login')).statusCode, 200)
})
