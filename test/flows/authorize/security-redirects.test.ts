import t from 'tap'
import { call } from '../../support/machines.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { PASSWORD, register, signedIn } from '../../support/start-server.ts'
import { authorizeUrl, formOf, loggedIn, logIn, makeApp, paramsOf, visit, type Fields } from '../../support/visitor.ts'

const build = sharedServers(t)

const LOGIN = { username: 'ada@example.com', password: PASSWORD }
const EVIL = 'https://evil.example/phish'
const BYE = 'https://app.example.com/bye'
const PATH = '/v1/oauth/authorize'

t.test('RFC 9700 section 4.12: every redirect after a POST is 303, and its URL has no credentials', async (t) => {
  const { app } = await build(t)
  await register(app)
  const client = await makeApp(app, { postLogoutRedirectUris: [BYE] })
  const visitor = visit(app)
  const params = Object.fromEntries(new URLSearchParams(authorizeUrl(client.id).split('?')[1]))
  const credentials = { username: 'ada@example.com', password: PASSWORD, client_secret: client.secret, client_assertion: 'eyJ' }
  const posted = await visitor.post(PATH, { ...params, ...credentials })
  const loggedIn = await visitor.submit(await visitor.follow(posted), LOGIN)
  const allowed = await visitor.submit(await visitor.follow(loggedIn), { ...credentials, decision: 'allow' })
  const denied = await visitor.submit(await visitor.get(authorizeUrl(client.id, { prompt: 'consent' })), {
    ...credentials,
    decision: 'deny'
  })
  const other = visit(app)
  const registered = await other.submit(await other.get('/register'), { email: 'new@example.com', password: PASSWORD })
  const out = await visitor.submit(await visitor.get('/logout'), { client_id: client.id, post_logout_redirect_uri: BYE, state: 's' })
  for (const [name, answer] of Object.entries({ posted, loggedIn, allowed, denied, registered, out })) {
    t.equal(answer.statusCode, 303, name)
    t.notMatch(answer.headers.location, /correct|password|secret|assertion|username/, name)
  }
  t.match(out.headers.location, BYE)
  t.equal((await other.get('/login')).statusCode, 303, 'who is logged in goes on the same way')
})

t.test('RFC 9700 section 4.11.2: an invalid request redirects to the application only after a login', async (t) => {
  const { app } = await build(t)
  await register(app)
  const client = await makeApp(app)
  const mistakes: [Fields, string][] = [
    [{ scope: 'nonsense' }, 'invalid_scope'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ resource: EVIL }, 'invalid_target'],
    [{ request: 'x' }, 'request_not_supported'],
    [{ response_mode: 'form_post', scope: 'nonsense' }, 'invalid_scope']
  ]
  for (const [params, error] of mistakes) {
    const visitor = visit(app)
    const start = await visitor.get(authorizeUrl(client.id, params))
    t.match([start.statusCode, start.headers.location], [303, /^\/login\?return_to=/], JSON.stringify(params))
    const posted = await visitor.post(PATH, Object.fromEntries(new URLSearchParams(authorizeUrl(client.id, params).split('?')[1])))
    t.match((await visitor.follow(posted)).body, 'name="password"', 'by POST, too')
    const answer = await visitor.follow(await visitor.submit(await visitor.follow(start), LOGIN))
    const told = answer.statusCode === 200 ? formOf(answer).hidden : paramsOf(answer)
    t.match(told, { error, state: 'of the app', iss: 'http://localhost:3000' }, 'the application hears of it afterwards')
  }
  t.match(
    paramsOf(await visit(app).get(authorizeUrl(client.id, { prompt: 'none', scope: 'nonsense' }))),
    { error: 'invalid_scope' },
    'who asks for no page gets none'
  )
})

t.test('RFC 9700 section 4.11.2: an error of a client that a user registered is sent by a button, not by a redirect', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app, { email: 'mallory@example.com' })
  const uri = 'https://evil.example/phish?a=b'
  const made = await call(app, 'POST', 'clients', bearer, { name: 'Free phones', redirect_uris: [uri] })
  const { client_id: id } = made.json<{ client_id: string }>()
  const ask = (more: Fields) => authorizeUrl(id, { redirect_uri: uri, ...more })
  const ada = await loggedIn(app)
  const denied = await ada.submit(await ada.get(ask({})), { decision: 'deny' })
  const pages = {
    guest: await visit(app).get(ask({ prompt: 'none' })), mistake: await ada.get(ask({ scope: 'nonsense' })), denied,
    byForm: await ada.get(ask({ scope: 'nonsense', response_mode: 'form_post' }))
  }
  for (const [name, page] of Object.entries(pages)) {
    t.match([page.statusCode, page.headers.location], [200, undefined], name)
    t.match(
      page.body,
      name === 'denied'
        ? /evil\.example<\/bdi>[^]*You did not give the app access\. Go back to it only if you know this address/
        : /evil\.example<\/bdi>[^]*Go on only if you know this address/,
      name
    )
    t.notMatch(page.body, /<script|http-equiv/, name)
    t.notMatch(page.headers['content-security-policy'], 'form-action', name)
    t.match(page.body, `<form method="${name === 'byForm' ? 'post' : 'get'}"`)
    t.match(formOf(page), {
      action: uri,
      hidden: { error: String, state: 'of the app', iss: 'http://localhost:3000', ...(name !== 'byForm' && { a: 'b' }) }
    }, name)
  }
  const allowed = await ada.submit(await ada.get(ask({})), { decision: 'allow' })
  t.ok(allowed.headers.location?.startsWith(`${uri}&code=lk_ac_`), 'who allowed it goes straight on')
  const own = await makeApp(app)
  t.equal(
    paramsOf(await ada.get(authorizeUrl(own.id, { scope: 'nonsense' })))['error'],
    'invalid_scope',
    'and so do all to the clients of the operator'
  )
})

/** Everything that any server calls the way back. */
const LEADS = [
  'return_to', 'redirect_uri', 'post_logout_redirect_uri', 'redirect', 'redirect_url', 'next', 'url', 'continue',
  'returnUrl', 'target', 'client_uri', 'request_uri', 'target_link_uri', 'login_path', 'referer'
]

t.test('RFC 9700 section 4.11: no parameter makes a page redirect to another site', async (t) => {
  const { app } = await build(t)
  const client = await makeApp(app, { postLogoutRedirectUris: [BYE] })
  const user = await loggedIn(app)
  const evils = [
    EVIL, '//evil.example', '/\\evil.example', '/%09/evil.example', '\\/evil.example', 'https:evil.example',
    'javascript:alert(1)//evil.example'
  ]
  for (const evil of evils) {
    for (const name of LEADS) {
      const query = new URLSearchParams({ [name]: evil })
      for (const path of [
        '/login', '/login?prompt=login', '/register', '/logout', '/account', '/v1/oauth/logout',
        `/v1/oauth/logout?client_id=${client.id}`, PATH, `${PATH}?client_id=${client.id}`
      ]) {
        for (const visitor of [visit(app), user]) {
          const answer = await visitor.get(`${path}${path.includes('?') ? '&' : '?'}${query}`, { referer: EVIL })
          const { location } = answer.headers
          const leaves = location !== undefined && !/^\/(?![/\\])/.test(location) &&
            !location.startsWith('https://app.example.com/callback?error=')
          if (leaves || /(?:href|action|src|content)="(?:[^"]*:)?[\\/]*evil\.example/i.test(answer.body)) {
            t.fail(`${path} ${name}=${evil}`, { location })
          }
        }
      }
    }
  }
  t.equal((await user.get('/account')).statusCode, 200, 'and none of these logged anybody out')
  t.equal((await logIn(visit(app), `/login?${new URLSearchParams({ return_to: EVIL })}`)).headers.location, '/account')
})

t.test('RFC 9700 section 2.6: http redirect URIs need a loopback address, and custom schemes are reversed domains with one slash', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const make = (uri: string) => call(app, 'POST', 'clients', bearer, { name: 'Mine', redirect_uris: [uri] })
  const bad = [
    'http://app.example.com/cb',
    'HTTP://app.example.com/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://localhost.evil.example/cb',
    'http://127.0.0.2/cb',
    'http://0.0.0.0/cb',
    'http://192.168.1.10/cb',
    'http://localhost@evil.example/cb',
    'https://user:pass@app.example.com/cb',
    'https://app.example.com/cb#x',
    'https:app.example.com/cb',
    '//app.example.com/cb',
    '/cb',
    'https://äpp.example.com/cb',
    'myapp:/cb',
    'myapp://cb',
    'com.example.app://cb',
    'com.example.app:///cb',
    'COM.EXAMPLE.APP://cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'ftp://app.example.com/',
    'urn:ietf:wg:oauth:2.0:oob',
    'about:blank',
    'blob:https://app.example.com/x',
    // Signs that mean something in the headers and lists that a host gets into
    'https://a,b.example/cb',
    'https://a;b.example/cb',
    'https://*.example/cb',
    "https://a'b.example/cb",
    'https://a(b.example/cb',
    'http://127.0.0.1:99999/cb',
    'https://app.example.com:65536/cb'
  ]
  for (const uri of bad) t.match((await make(uri)).json(), { statusCode: 422, errors: { redirect_uris: [/invalid URI/, String] } }, uri)
  for (const uri of [
    'https://app.example.com/cb', 'http://127.0.0.1/cb', 'http://[::1]:8000/cb', 'http://localhost:3001/cb',
    'com.example.app:/cb'
  ]) t.equal((await make(uri)).statusCode, 201, uri)
})
