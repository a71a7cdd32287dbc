import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { basic, claimsOf, profile, register, token, type Tokens } from '../../support/start-server.ts'
import {
  authorize, authorizeUrl, CALLBACK, challengeOf, formOf, loggedIn, logIn, makeApp, paramsOf, VERIFIER,
  visit
} from '../../support/visitor.ts'
import { tagsOf } from '../../unit/views/html.ts'

const build = sharedServers(t)

const ISSUER = 'http://localhost:3000'
const SCOPES = { 'orders:read': 'See your orders', 'orders:write': 'Place orders' }

const exchange = (app: Parameters<typeof token>[0], client: { basic: string }, code: string, more: Record<string, string> = {}) =>
  token(app, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER, ...more }, client.basic)

t.test('RFC 9700 section 2.1.1: a guest logs in and allows, and the application gets its tokens, with PKCE', async (t) => {
  const { app, logs } = await build(t, { scopes: SCOPES })
  await register(app)
  const client = await makeApp(app)
  const visitor = visit(app)

  const start = await visitor.get(authorizeUrl(client.id, { scope: 'openid email orders:read', nonce: 'n-1' }))
  t.equal(start.statusCode, 303)
  t.match(start.headers.location, /^\/login\?return_to=%2Fv1%2Foauth%2Fauthorize%3F/)
  const loginPage = await visitor.follow(start)
  t.match(loginPage.body, 'to go on to Acme Reports')
  const loggedIn = await visitor.submit(loginPage, { username: 'ADA@example.com', password: 'correct horse battery staple' })
  t.equal(loggedIn.statusCode, 303)

  const consent = await visitor.follow(loggedIn)
  t.equal(consent.statusCode, 200)
  for (const words of [
    'Allow Acme Reports to use your account?', 'See your orders', 'See your e-mail address', 'ada@example.com',
    '<bdi>app.example.com</bdi>'
  ]) t.match(consent.body, words)
  const answer = await visitor.submit(consent, { decision: 'allow' })
  t.equal(answer.statusCode, 303)
  t.ok(answer.headers.location?.startsWith(`${CALLBACK}?code=lk_ac_`))
  const { code, state, iss, ...rest } = paramsOf(answer)
  t.same([state, iss, rest], ['of the app', ISSUER, {}], 'RFC 9207: iss stands in the answer')

  const tokens = await exchange(app, client, code!)
  t.equal(tokens.statusCode, 200)
  t.match(tokens.headers, { 'cache-control': 'no-store', pragma: 'no-cache' })
  const { access_token: accessToken, id_token: idToken, refresh_token: refreshToken, scope } = tokens.json<Tokens & { id_token: string }>()
  t.equal(scope, 'openid email orders:read')
  t.match(claimsOf(accessToken), { iss: ISSUER, aud: ISSUER, client_id: client.id, scope })
  t.match(claimsOf(idToken), { iss: ISSUER, aud: client.id, nonce: 'n-1', sub: claimsOf(accessToken)['sub'], auth_time: Number })
  t.match((await profile(app, accessToken)).json(), { email: 'ada@example.com' })
  t.equal((await token(app, { grant_type: 'refresh_token', refresh_token: refreshToken }, client.basic)).statusCode, 200)
  for (const secret of [code!, accessToken, idToken, refreshToken, client.secret, 'correct horse', visitor.cookies.get('latchkey')!]) {
    t.notOk(logs().includes(secret), 'no secret is in the log')
  }
})

t.test('a user who registers during an authorization request returns to it', async (t) => {
  const { app } = await build(t)
  const client = await makeApp(app)
  const visitor = visit(app)
  const loginPage = await visitor.follow(await visitor.get(authorizeUrl(client.id)))
  const link = /href="(\/register\?[^"]+)"/.exec(loginPage.body)![1]!.replaceAll('&amp;', '&')
  const made = await visitor.submit(await visitor.get(link), { email: 'new@example.com', password: 'correct horse battery staple' })
  const consent = await visitor.follow(made)
  t.match(consent.body, 'Allow Acme Reports to use your account?')
  t.match(paramsOf(await visitor.submit(consent, { decision: 'allow' })), { code: /^lk_ac_/, state: 'of the app' })
})

t.test('denying consent redirects with access_denied, state and iss', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const denied = await visitor.submit(await visitor.get(authorizeUrl(client.id)), { decision: 'deny' })
  t.equal(denied.statusCode, 303)
  t.same(paramsOf(denied), { error: 'access_denied', error_description: 'The user did not allow it', state: 'of the app', iss: ISSUER })
  const asked = await visitor.get(authorizeUrl(client.id))
  t.match(asked.body, 'Allow Acme Reports', 'and is asked again')
  t.equal(paramsOf(await visitor.submit(asked, { decision: 'maybe' }))['error'], 'access_denied', 'anything but allow is no')
})

t.test('DELETE with the CSRF token of the page denies consent', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const { hidden } = formOf(await visitor.get(authorizeUrl(client.id)))
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const send = (fields: Record<string, string>) =>
    app.inject({
      method: 'DELETE',
      url: '/v1/oauth/authorize',
      headers: { cookie, origin: ISSUER, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(fields).toString()
    })
  t.match(paramsOf(await send(hidden)), { error: 'access_denied', state: 'of the app', iss: ISSUER })
  t.equal((await send({ ...hidden, _csrf: '' })).statusCode, 403)
})

t.test('consent is stored, and requested again only for new scopes', async (t) => {
  const { app } = await build(t, { scopes: SCOPES })
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  await authorize(visitor, client.id, { scope: 'openid orders:read' })
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'openid orders:read' }))), { code: /^lk_ac_/ }, 'the same')
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'orders:read' }))), { code: /^lk_ac_/ }, 'fewer')
  const more = await visitor.get(authorizeUrl(client.id, { scope: 'openid orders:read orders:write' }))
  t.match(more.body, 'Place orders')
  t.notMatch(more.body, 'See your orders')
  await visitor.submit(more, { decision: 'allow' })
  t.match(
    paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'openid orders:read orders:write' }))),
    { code: /^lk_ac_/ },
    'all of them are remembered'
  )
  const other = await makeApp(app, { name: 'Other' })
  t.match((await visitor.get(authorizeUrl(other.id))).body, 'Allow Other to use', 'each application asks for itself')
})

t.test('an application that requests no scopes asks for consent once', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  t.match((await visitor.get(authorizeUrl(client.id, { scope: '' }))).body, 'See that you have an account here')
  await authorize(visitor, client.id, { scope: '' })
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { scope: '' }))), { code: /^lk_ac_/ })
})

t.test('first-party applications skip consent; others never do, whatever skipsConsent says', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const own = await makeApp(app, { firstParty: true, skipsConsent: true })
  const preview = await app.inject({
    method: 'HEAD', url: authorizeUrl(own.id), headers: { cookie: `latchkey=${visitor.cookies.get('latchkey')}` }
  })
  t.match([preview.statusCode, preview.headers.location], [200, undefined], 'a preview of a link gets no code')
  const foreign = await makeApp(app, { firstParty: false, skipsConsent: true })
  t.match(paramsOf(await visitor.get(authorizeUrl(own.id))), { code: /^lk_ac_/ })
  for (const scope of ['openid', '']) t.equal((await visitor.get(authorizeUrl(foreign.id, { scope }))).statusCode, 200)
  t.match((await visitor.get(authorizeUrl(own.id, { prompt: 'consent' }))).body, 'Allow Acme Reports', 'unless it asks for it')
})

t.test("RFC 9700 section 2.3: a request without scopes gets the default scopes, and one outside the client's list is refused", async (t) => {
  const { app } = await build(t, { scopes: SCOPES })
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { scopes: ['openid', 'orders:read'], defaultScopes: ['orders:read'] })
  t.match((await visitor.get(authorizeUrl(client.id, { scope: '' }))).body, 'See your orders')
  const { code } = paramsOf(await authorize(visitor, client.id, { scope: '' }))
  t.equal((await exchange(app, client, code!)).json<Tokens>().scope, 'orders:read')
  for (const scope of ['orders:write', 'nonsense', '*', 'openid orders:write', 'openid\t', '"']) {
    t.match(
      paramsOf(await visitor.get(authorizeUrl(client.id, { scope }))),
      { error: 'invalid_scope', state: 'of the app', iss: ISSUER },
      scope
    )
  }
  for (const scope of [' openid orders:read', 'openid  orders:read ']) {
    t.equal(
      (await exchange(app, client, paramsOf(await authorize(visitor, client.id, { scope }))['code']!)).json<Tokens>().scope,
      'openid orders:read',
      'a space too many is none'
    )
  }
  t.equal(
    (await exchange(app, client, paramsOf(await authorize(visitor, client.id, { scope: '  ' }))['code']!)).json<Tokens>().scope,
    'orders:read'
  )
})

t.test('RFC 9700 section 4.3.1: the answer goes to the requested redirect_uri in the requested response_mode, form_post included', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const withQuery = 'https://app.example.com/cb?tenant=a%20b'
  const native = 'com.example.app:/callback'
  const client = await makeApp(app, { firstParty: true, skipsConsent: true, redirectUris: [CALLBACK, withQuery, native] })
  t.match(
    (await visitor.get(authorizeUrl(client.id, { redirect_uri: withQuery }))).headers.location,
    /^https:\/\/app\.example\.com\/cb\?tenant=a%20b&code=lk_ac_/,
    'RFC 6749 section 3.1.2: its own query stays'
  )
  t.match(
    (await visitor.get(authorizeUrl(client.id, { redirect_uri: native }))).headers.location,
    /^com\.example\.app:\/callback\?code=lk_ac_/
  )

  const page = await visitor.get(authorizeUrl(client.id, { response_mode: 'form_post' }))
  t.equal(page.statusCode, 200)
  t.match(formOf(page), { action: CALLBACK, hidden: { code: /^lk_ac_/, state: 'of the app', iss: ISSUER } })
  t.match(page.headers, {
    'content-security-policy': /script-src 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    'cache-control': 'no-store'
  })
  t.notMatch(page.body, /<script(?![^>]*\ssrc=)/, 'nothing inline')
  const script = /<script src="([^"]+)"/.exec(page.body)![1]!
  t.match((await visitor.get(script)).headers, { 'content-type': /javascript/, 'cache-control': /immutable/ })
  t.match(formOf(await visitor.get(authorizeUrl(client.id, { response_mode: 'form_post', scope: 'nonsense' }))).hidden, {
    error: 'invalid_scope',
    iss: ISSUER
  })
})

t.test('an authorization request may be a POST, also from another site', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const params = Object.fromEntries(new URLSearchParams(authorizeUrl(client.id).split('?')[1]))
  const answer = await visitor.post('/v1/oauth/authorize', params, {
    origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site', cookie: ''
  })
  t.equal(answer.statusCode, 303)
  t.match(paramsOf(await visitor.follow(answer)), { code: /^lk_ac_/, state: 'of the app' })
})

t.test('RFC 8707: several requested resources are kept through login and consent', async (t) => {
  const resources = ['https://api.example.com/', 'https://files.example.com']
  const { app } = await build(t, { resourceServers: resources })
  await register(app)
  const client = await makeApp(app)
  const visitor = visit(app)
  const url = `${authorizeUrl(client.id)}&${new URLSearchParams(resources.map((resource): [string, string] => ['resource', resource]))}`
  const consent = await visitor.follow(
    await visitor.submit(await visitor.follow(await visitor.get(url)), {
      username: 'ada@example.com',
      password: 'correct horse battery staple'
    })
  )
  const fields = [...consent.body.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)]
    .map(([, name, value]): [string, string] => [name!, value!.replaceAll('&amp;', '&')])
  t.same(fields.filter(([name]) => name === 'resource').map(([, value]) => value), resources)
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/oauth/authorize',
    headers: { cookie, origin: ISSUER, 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams([...fields, ['decision', 'allow']]).toString()
  })
  const issued = await exchange(app, client, paramsOf(answer)['code']!)
  t.same(claimsOf(issued.json<Tokens>().access_token)['aud'], [...resources, `${ISSUER}/v1/oauth/userinfo`], 'userinfo too')
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { resource: 'https://evil.example/' }))), { error: 'invalid_target' })
})

t.test('OAuth 2.1 section 4.1.1: a public client has no secret and must send its verifier', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { authMethod: 'none' })
  const { code } = paramsOf(await authorize(visitor, client.id))
  const params = { grant_type: 'authorization_code', client_id: client.id, code: code!, redirect_uri: CALLBACK }
  t.equal((await token(app, params)).json<{ error: string }>().error, 'invalid_grant')
  t.equal((await token(app, { ...params, code_verifier: VERIFIER })).statusCode, 200)
})

t.test('RFC 9700 section 4.8.2: a confidential client may omit PKCE only if the operator allows it, and never half of it', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const strict = await makeApp(app)
  const old = await makeApp(app, { pkceOptional: true })
  const open = await makeApp(app, { pkceOptional: true, authMethod: 'none' })
  const without = { code_challenge: '', code_challenge_method: '' }
  for (const { id } of [strict, open]) {
    t.match(paramsOf(await visitor.get(authorizeUrl(id, without))), { error: 'invalid_request', error_description: /PKCE/ })
  }
  for (const method of ['plain', 's256', '']) {
    t.match(paramsOf(await visitor.get(authorizeUrl(strict.id, { code_challenge_method: method }))), { error: 'invalid_request' }, method)
  }
  for (const challenge of ['short', `${challengeOf(VERIFIER)}=`, 'x'.repeat(44)]) {
    t.match(paramsOf(await visitor.get(authorizeUrl(strict.id, { code_challenge: challenge }))), { error: 'invalid_request' }, challenge)
  }

  const downgraded = paramsOf(await authorize(visitor, old.id, without))['code']!
  t.equal(
    (await exchange(app, old, downgraded)).json<{ error: string }>().error,
    'invalid_grant',
    'a verifier without a challenge is refused'
  )
  const plain = paramsOf(await authorize(visitor, old.id, without))['code']!
  t.equal((await token(app, { grant_type: 'authorization_code', code: plain, redirect_uri: CALLBACK }, old.basic)).statusCode, 200)
  const bound = paramsOf(await authorize(visitor, old.id))['code']!
  t.equal(
    (await token(app, { grant_type: 'authorization_code', code: bound, redirect_uri: CALLBACK }, old.basic)).json<{ error: string }>()
      .error,
    'invalid_grant',
    'a challenge needs its verifier'
  )
})

t.test('the request survives an expired browser session, and a consent page that was open in the meantime', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const consent = await visitor.get(authorizeUrl(client.id))
  const elsewhere = await visitor.get('/logout')
  await visitor.submit(elsewhere)
  const answer = await visitor.submit(consent, { decision: 'allow' })
  t.match(answer.headers.location, /^\/v1\/oauth\/authorize\?/, 'it begins again, by a GET')
  const again = await visitor.submit(await visitor.follow(answer), {
    username: 'ada@example.com',
    password: 'correct horse battery staple'
  })
  t.match((await visitor.follow(again)).body, 'Allow Acme Reports')
  t.notMatch(await authorize(visitor, client.id), { statusCode: 400 })
})

t.test('a consent page that was shown to one user is refused from the next, who is asked again', async (t) => {
  const { app } = await build(t, { resourceServers: ['https://a.example', 'https://b.example'] })
  const visitor = await loggedIn(app)
  await register(app, { email: 'eve@example.com' })
  const client = await makeApp(app)
  const url = `${authorizeUrl(client.id, { nonce: 'n', extra: 'of the app' })}&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example`
  const consent = await visitor.get(url)
  await logIn(visitor, '/login?prompt=login', { username: 'eve@example.com' })
  const { hidden } = formOf(consent)
  const body = new URLSearchParams([
    ...Object.entries({ ...hidden, decision: 'allow', password: 'of another form' }),
    ['resource', 'https://a.example']
  ])
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const posted = await app.inject({
    method: 'POST', url: '/v1/oauth/authorize',
    headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded', origin: 'http://localhost:3000', cookie },
    payload: body.toString()
  })
  t.match([posted.statusCode, posted.headers.location], [303, /^\/v1\/oauth\/authorize\?/], 'by a GET, so that F5 posts nothing again')
  t.notMatch(posted.headers.location, /decision|_csrf|shown_(to|as)|password/)
  const again = await visitor.follow(posted)
  t.match(again.body, /Allow Acme Reports[^]*eve@example\.com/)
  const names = tagsOf(again.body)
    .filter(({ attributes }) => attributes['type'] === 'hidden')
    .map(({ attributes }) => attributes['name'])
    .sort()
  t.same(names, [
    '_csrf', 'client_id', 'code_challenge', 'code_challenge_method', 'nonce', 'redirect_uri', 'resource', 'resource',
    'response_type', 'scope', 'shown_as', 'shown_to', 'state'
  ], 'each field once, and none that decides')
  t.match(paramsOf(await visitor.submit(again, { decision: 'allow' })), { code: /^lk_ac_/ })
  t.match(paramsOf(await visitor.submit(await visitor.get(authorizeUrl(client.id, { prompt: 'consent' })), { decision: 'deny' })), {
    error: 'access_denied'
  })
})

t.test('RFC 9700 section 4.5: an authorization code is bound to its client and redirect URI', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { redirectUris: [CALLBACK, `${CALLBACK}/two`] })
  const thief = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id))
  const refused = async (answer: ReturnType<typeof exchange>) => t.equal((await answer).json<{ error: string }>().error, 'invalid_grant')
  await refused(exchange(app, thief, code!))
  await refused(exchange(app, client, code!, { redirect_uri: `${CALLBACK}/two` }))
  await refused(exchange(app, client, code!, { code_verifier: VERIFIER.replace(/^./, (letter) => letter === 'A' ? 'B' : 'A') }))
  await refused(exchange(app, client, `${code!}x`))
  t.equal((await exchange(app, { basic: basic(client.id, 'wrong') }, code!)).statusCode, 401)
  t.equal((await exchange(app, client, code!)).statusCode, 200, 'none of this spent it')
})
