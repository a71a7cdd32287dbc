import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { authorizeUrl, CALLBACK, loggedIn, makeApp, paramsOf } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const LOOPBACK = 'http://127.0.0.1/callback'
const LOOPBACK6 = 'http://[::1]:1234/callback'
const NAMED = 'http://localhost:8080/callback'

/** Redirect URIs that are not the registered one, however much they look like it (RFC 9700 section 4.1.3). */
const TRICKS = [
  `${CALLBACK}/`,
  `${CALLBACK}x`,
  `${CALLBACK}/more`,
  'https://app.example.com/',
  'https://app.example.com',
  'https://app.example.com/Callback',
  'https://APP.example.com/callback',
  'HTTPS://app.example.com/callback',
  'https://app.example.com/x/../callback',
  'https://app.example.com/callback/..',
  'https://app.example.com/callback/../callback',
  'https://app.example.com/%63allback',
  'https://app.example.com//callback',
  'https://app.example.com:443/callback',
  'https://app.example.com:8443/callback',
  'http://app.example.com/callback',
  'https://app.example.com.evil.example/callback',
  'https://evil.example/https://app.example.com/callback',
  'https://app.example.com@evil.example/callback',
  'https://user@app.example.com/callback',
  'https://app.example.com/callback#',
  'https://app.example.com/callback#fragment',
  'https://app.example.com/callback?',
  'https://app.example.com/callback?a=b',
  'https://app.example.com/callback%00',
  'https://app.example.com/callback\n',
  ' https://app.example.com/callback',
  'https://app.example.com/callback ',
  'https:/app.example.com/callback',
  '//app.example.com/callback',
  '/callback',
  'javascript:alert(1)',
  'data:text/html,x',
  'https://app.example.com\\@evil.example/callback',
  'https://xn--pp-wja.example.com/callback'
]

/** Loopback addresses may have any port, and nothing else of their own (OAuth 2.1 section 8.4.2). */
const LOOPBACK_TRICKS = [
  'http://127.0.0.1:5000/other',
  'http://127.0.0.1:5000/callback/',
  'http://127.0.0.1:5000/callback?x=1',
  'http://127.0.0.1:5000/callback#x',
  'http://127.0.0.1:5000@evil.example/callback',
  'http://127.0.0.1.evil.example/callback',
  'http://127.0.0.1:evil/callback',
  'http://127.0.0.1:99999/callback',
  'http://[::1]:65536/callback',
  'http://127.0.0.1:0/callback',
  'https://127.0.0.1:5000/callback',
  'http://127.0.0.2:5000/callback',
  'http://0.0.0.0:5000/callback',
  'http://localhost:5000/callback',
  'http://localhost/callback',
  'http://localhost:8081/callback',
  'http://2130706433/callback',
  'http://127.1:5000/callback',
  'http://[::ffff:127.0.0.1]/callback',
  'http://[::1]/other'
]

t.test('RFC 9700 section 4.11.2: an unknown client or an unregistered redirect URI gets an error page, never a redirect', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const native = await makeApp(app, {
    firstParty: true, skipsConsent: true, authMethod: 'none', redirectUris: [LOOPBACK, LOOPBACK6, NAMED]
  })

  async function isPage (url: string, name: string): Promise<void> {
    const answer = await visitor.get(url)
    t.equal(answer.statusCode, 400, name)
    t.equal(answer.headers.location, undefined, name)
    t.match(answer.headers, { 'content-type': /^text\/html/, 'cache-control': 'no-store', 'x-frame-options': 'DENY' }, name)
    t.notMatch(answer.body, /href="(?!\/|data:,)|evil\.example/, `${name}: nothing leads away`)
  }
  for (const uri of TRICKS) await isPage(authorizeUrl(client.id, { redirect_uri: uri }), uri)
  for (const uri of LOOPBACK_TRICKS) {
    await isPage(authorizeUrl(native.id, { redirect_uri: uri }), uri)
    await isPage(authorizeUrl(native.id, { redirect_uri: uri, scope: 'nonsense' }), `${uri}, with a mistake`)
  }
  for (const id of ['lk_client_unknown', client.id.toUpperCase(), `${client.id} `, `${client.id}\0`, '', '__proto__', "' OR 1=1 --"]) {
    await isPage(authorizeUrl(id), id)
  }
  await isPage(authorizeUrl(native.id, { redirect_uri: '' }), 'several are registered, none is named')
  await isPage(`${authorizeUrl(client.id)}&client_id=other`, 'two clients')
  await isPage(`${authorizeUrl(client.id)}&redirect_uri=${encodeURIComponent(CALLBACK)}`, 'two redirect URIs')

  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { redirect_uri: '' }))), { code: /^lk_ac_/ }, 'one is registered, and meant')
  for (const uri of [
    'http://127.0.0.1/callback', 'http://127.0.0.1:49152/callback', 'http://[::1]/callback', 'http://[::1]:49152/callback',
    NAMED
  ]) {
    t.ok((await visitor.get(authorizeUrl(native.id, { redirect_uri: uri }))).headers.location?.startsWith(`${uri}?code=`), uri)
  }
})

t.test('a revoked client is treated as unknown', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  t.equal((await visitor.get(authorizeUrl(client.id))).statusCode, 200)
  await internals(app).store.clients.revoke(client.id)
  internals(app).clients.forget(client.id)
  t.equal((await visitor.get(authorizeUrl(client.id))).statusCode, 400)
})

t.test('a request that does not accept HTML gets the error as JSON', async (t) => {
  const { app } = await build(t)
  const answer = await app.inject({ url: authorizeUrl('nobody'), headers: { accept: 'application/json' } })
  t.equal(answer.statusCode, 400)
  t.match(answer.json(), { statusCode: 400, code: 'LK_UNTRUSTED_REQUEST' })
})

t.test('an error in a request with a registered redirect URI is reported to the application, with state and iss', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const machine = await makeApp(app, { grantTypes: ['client_credentials'] })
  const wrong: [Record<string, string>, string][] = [
    [{ response_type: '' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'code token' }, 'unsupported_response_type'],
    [{ response_type: 'id_token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ response_mode: 'web_message' }, 'invalid_request'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ prompt: 'nonsense' }, 'invalid_request'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ max_age: 'x' }, 'invalid_request'],
    [{ request: 'eyJ' }, 'request_not_supported'],
    [{ request_uri: 'https://app.example.com/r' }, 'request_uri_not_supported'],
    [{ claims: '[]' }, 'invalid_request'],
    [{ claims: '{' }, 'invalid_request'],
    [{ claims: '{"a":"\\u0000"}' }, 'invalid_request'],
    [{ claims: '{"a":"\\ud800"}' }, 'invalid_request'],
    [{ claims: '{"userinfo":{},"userinfo":{}}' }, 'invalid_request']
  ]
  for (const [params, error] of wrong) {
    const answer = await visitor.get(authorizeUrl(client.id, params))
    t.equal(answer.statusCode, 303)
    t.match(
      paramsOf(answer),
      { error, error_description: String, state: 'of the app', iss: 'http://localhost:3000' },
      JSON.stringify(params)
    )
  }
  for (const name of ['request', 'request_uri', 'registration', 'claims', 'prompt', 'max_age', 'response_mode', 'resource', 'acr_values']) {
    t.equal(
      (await visitor.get(authorizeUrl(client.id, { [name]: '' }))).statusCode,
      200,
      `${name}= is as if it were not there (RFC 6749 section 3.1)`
    )
  }
  t.match(paramsOf(await visitor.get(authorizeUrl(machine.id))), { error: 'unauthorized_client' })
  t.match(paramsOf(await visitor.get(`${authorizeUrl(client.id)}&scope=email`)), {
    error: 'invalid_request',
    error_description: /repeated/
  })
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { state: 'x'.repeat(5000), scope: 'nonsense' }))), {
    error: 'invalid_request',
    error_description: /too long/
  })
  t.equal(
    paramsOf(await visitor.get(authorizeUrl(client.id, { state: 'a&b=c #+%"<é', scope: 'nonsense' })))['state'],
    'a&b=c #+%"<é',
    'state comes back as it was'
  )
  for (const nonce of ['\0', 'x\0']) {
    t.equal((await visitor.get(authorizeUrl(client.id, { nonce }))).statusCode, 400, 'what no database can hold')
  }
  t.notOk('state' in paramsOf(await visitor.get(authorizeUrl(client.id, { state: '', scope: 'nonsense' }))), 'and only if there was one')
})

t.test('unknown parameters are ignored, and none of them reaches our own forms', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const page = await visitor.get(authorizeUrl(client.id, { extra: 'yes', decision: 'allow', _csrf: 'planted', shown_to: 'somebody' }))
  t.equal(page.statusCode, 200)
  t.equal(page.body.split('name="_csrf"').length, 2)
  t.equal(page.body.split('name="shown_to"').length, 2)
  t.notMatch(page.body, /planted|somebody/)
  t.match(paramsOf(await visitor.submit(page, { decision: 'allow' })), { code: /^lk_ac_/ })
})

t.test('RFC 9700 section 2.6: the authorization endpoint sends no CORS headers', async (t) => {
  const { app } = await build(t, { corsOrigins: ['https://app.example.com'] })
  const client = await makeApp(app)
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' }
  for (const url of [authorizeUrl(client.id), '/login', '/register', '/logout', '/v1/oauth/logout']) {
    for (const method of ['GET', 'OPTIONS'] as const) {
      t.notOk((await app.inject({ method, url, headers })).headers['access-control-allow-origin'], `${method} ${url}`)
    }
  }
  for (const name of ['openid-configuration', 'oauth-authorization-server', 'oauth-protected-resource', 'jwks.json']) {
    t.equal((await app.inject({ url: `/.well-known/${name}`, headers })).headers['access-control-allow-origin'], '*', name)
  }
})
