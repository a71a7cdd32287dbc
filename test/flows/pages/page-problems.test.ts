import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { login as apiLogin, PASSWORD, register } from '../../support/start-server.ts'
import { authorizeUrl, CALLBACK, formOf, loggedIn, logIn, makeApp, paramsOf, visit } from '../../support/visitor.ts'
import { sql } from '../../support/session-rows.ts'
import { tagsOf } from '../../unit/views/html.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const valueOf = (body: string, name: string) =>
  tagsOf(body).find(({ name: tag, attributes }) => tag === 'input' && attributes['name'] === name)?.attributes['value']

t.test('a login over the limit keeps the form and the user name, and says how long to wait', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  await register(app)
  const visitor = visit(app)
  let answer = await logIn(visitor, '/login', { password: 'wrong' })
  for (let tries = 0; tries < 8 && answer.statusCode === 401; tries++) {
    answer = await visitor.submit(answer, { username: 'ada@example.com', password: 'wrong' })
  }
  t.equal(answer.statusCode, 429)
  t.ok(Number(answer.headers['retry-after']) > 0)
  t.equal(valueOf(answer.body, 'username'), 'ada@example.com')
  t.match(answer.body, /Too many attempts\. Try again in \d+ (seconds|minutes?)\./)
  t.match(answer.body, 'name="password"')
})

t.test('a registration over the limit keeps the input of the form', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const visitor = visit(app)
  let answer = await visitor.get('/register')
  for (let tries = 0; tries < 40 && answer.statusCode !== 429; tries++) {
    answer = await visitor.submit(answer, { email: 'ada@', name: 'Ada', password: PASSWORD })
  }
  t.equal(answer.statusCode, 429)
  t.equal(valueOf(answer.body, 'name'), 'Ada')
  t.match(answer.body, /Try again in \d+ seconds/)
  t.ok(Number(answer.headers['retry-after']) > 0)
})

t.test('without cookies the form keeps its input and says that they are needed', async (t) => {
  const { app } = await build(t)
  const visitor = visit(app)
  const page = await visitor.get('/login')
  visitor.cookies.clear()
  const answer = await visitor.submit(page, { username: 'ada@example.com', password: PASSWORD })
  t.equal(answer.statusCode, 403)
  t.match(answer.body, 'Allow cookies for this site')
  t.equal(valueOf(answer.body, 'username'), 'ada@example.com')
})

t.test('a form sent by another site is refused, and its input is not shown', async (t) => {
  const { app } = await build(t)
  const visitor = visit(app)
  const page = await visitor.get('/login')
  const answer = await visitor.submit(page, { username: 'mallory@example.com', password: PASSWORD }, {
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site'
  })
  t.equal(answer.statusCode, 403)
  t.notMatch(answer.body, 'mallory@example.com')
})

t.test('after a wrong password the focused field is described by the error', async (t) => {
  const { app } = await build(t)
  const answer = await logIn(visit(app), '/login', { username: 'nobody@example.com', password: 'wrong' })
  const tags = tagsOf(answer.body)
  const focused = tags.find(({ attributes }) => 'autofocus' in attributes)!
  t.equal(focused.attributes['aria-invalid'], 'true')
  const ids = (focused.attributes['aria-describedby'] ?? '').split(' ')
  const error = tags.find(({ attributes }) => attributes['role'] === 'alert')!
  t.ok(ids.includes(error.attributes['id']!), `${ids.join()} has ${error.attributes['id']}`)
})

t.test('what was entered is not called wrong where the form fails for another reason', async (t) => {
  const { app } = await build(t)
  const visitor = visit(app)
  const page = await visitor.get('/login')
  visitor.cookies.clear()
  const answer = await visitor.submit(page, { username: 'ada@example.com', password: PASSWORD })
  const focused = tagsOf(answer.body).find(({ attributes }) => 'autofocus' in attributes)!
  t.same([focused.attributes['aria-invalid'], focused.attributes['aria-describedby']], [undefined, 'form-wrong'])
})

t.test('registering an identifier in use offers to log in with it, in the same authorization request', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  const taken = await visitor.submit(await visitor.get('/register?return_to=%2Fx'), { email: 'Ada@Example.com', password: PASSWORD })
  t.equal(taken.statusCode, 422)
  const link = /href="([^"]*login_hint[^"]*)"/.exec(taken.body)![1]!.replaceAll('&amp;', '&')
  const login = await visitor.get(link)
  t.equal(valueOf(login.body, 'username'), 'Ada@Example.com')
  t.equal(valueOf(login.body, 'return_to'), '/x')
  t.notMatch((await visitor.submit(await visitor.get('/register'), { email: 'ada@', password: PASSWORD })).body, 'login_hint')
})

t.test('a user who is asked to log in again sees their name, and cancelling sends access_denied to the application', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const login = await visitor.follow(await visitor.get(authorizeUrl(client.id, { prompt: 'login' })))
  t.match(login.body, 'You are logged in as ada@example.com')
  const cancel = [...login.body.matchAll(/<form[^>]*action="([^"]+)"[^>]*>(.*?)<\/form>/gs)].find(([, action]) =>
    action === '/v1/oauth/authorize'
  )!
  const fields = Object.fromEntries(
    tagsOf(cancel[2]!).filter(({ name }) => name === 'input').map(({ attributes }) => [attributes['name']!, attributes['value'] ?? ''])
  )
  const answer = await visitor.post('/v1/oauth/authorize', fields)
  t.ok(answer.headers.location?.startsWith(CALLBACK))
  t.match(paramsOf(answer), { error: 'access_denied', state: 'of the app' })
})

t.test('a user who switches accounts can return to the previous page', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const consent = await visitor.get(authorizeUrl(client.id))
  const other = await visitor.get(/href="(\/login[^"]*)"/.exec(consent.body)![1]!.replaceAll('&amp;', '&'))
  const back = /<a href="([^"]+)">Cancel<\/a>/.exec(other.body)![1]!.replaceAll('&amp;', '&')
  t.match((await visitor.get(back)).body, 'Acme Reports')
  t.notMatch((await visit(app).get('/login?prompt=login')).body, 'You are logged in as', 'a guest is asked for nothing again')
})

t.test('a user whose browser session was idle for too long gets a message', async (t) => {
  const { app } = await build(t, { browserIdleTtl: 60 })
  const visitor = await loggedIn(app)
  const other = visit(app)
  await logIn(other)
  await sql(app, "UPDATE browser_sessions SET last_seen_at = now() - interval '2 minutes'")
  // A process asks the database about a cookie that it has not seen: this one has been seen
  const again = await build(t, { browserIdleTtl: 60, databaseUrl: internals(app).config.databaseUrl! })
  const idle = visit(again.app)
  idle.cookies.set('latchkey', visitor.cookies.get('latchkey')!)
  t.match((await idle.follow(await idle.get('/account'))).body, 'You were logged out because this browser was not used for a while')
  await sql(app, 'UPDATE browser_sessions SET last_seen_at = now(), revoked_at = now()')
  t.match((await idle.get('/login')).body, 'You have been logged out')
  idle.cookies.set('latchkey', 'of-somebody-else')
  t.notMatch((await idle.get('/login')).body, /logged out/)
})

t.test('after denying consent to a client that a user registered, the page says so before the user goes back', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { ownerId: visitor.userId })
  const denied = await visitor.submit(await visitor.get(authorizeUrl(client.id)), { decision: 'deny' })
  t.equal(denied.statusCode, 200)
  t.match(denied.body, 'You did not give the app access')
  t.equal(formOf(denied).hidden['error'], 'access_denied')
})

t.test('an error page has a unique reference, which is in the log, and a link to try again', async (t) => {
  const { app, logs } = await build(t, { prefix: '/auth', views: { login: () => { throw new Error('a view that fails') } } })
  const [one, two] = [await visit(app).get('/auth/login?login_hint=ada'), await visit(app).get('/auth/login')]
  t.equal(one.statusCode, 500)
  const reference = (body: string) => /<code[^>]*>([^<]+)<\/code>/.exec(body)![1]!
  t.match(reference(one.body), /^[0-9a-f-]{36}$/)
  t.not(reference(one.body), reference(two.body))
  t.match(logs(), `"reference":"${reference(one.body)}"`)
  t.match(one.body, '<a href="/auth/login?login_hint=ada">Try again</a>')
})

t.test('Initiating User Registration via OpenID Connect 1.0: prompt=create shows the registration and returns to the application', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const page = await visitor.follow(await visitor.get(authorizeUrl(client.id, { prompt: 'create', ui_locales: 'de' })))
  t.match(page.body, '<html lang="de"')
  t.equal(formOf(page).action, '/register')
  const answer = await visitor.follow(await visitor.submit(page, { email: 'new@example.com', password: PASSWORD }))
  t.match(paramsOf(answer), { code: /^lk_ac_/ })
  const metadata = async (server: typeof app) =>
    (await server.inject('/.well-known/openid-configuration')).json<{ prompt_values_supported: string[] }>().prompt_values_supported
  t.ok((await metadata(app)).includes('create'))
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { prompt: 'none create' }))), { error: 'invalid_request' })

  const closed = (await build(t, { registration: 'off' })).app
  t.notOk((await metadata(closed)).includes('create'))
  const other = await makeApp(closed)
  t.match(
    (await visit(closed).get(authorizeUrl(other.id, { prompt: 'create' }))).headers.location,
    /^\/login\?/,
    'where nobody can register, they log in'
  )
})

t.test('a program that is rate-limited gets JSON with the time to wait', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  let answer = await apiLogin(app, { email: 'ada@example.com', password: 'wrong' })
  for (let tries = 0; tries < 8 && answer.statusCode !== 429; tries++) {
    answer = await apiLogin(app, { email: 'ada@example.com', password: 'wrong' })
  }
  t.match(answer.json(), { statusCode: 429 })
  t.ok(Number(answer.headers['retry-after']) > 0)
})
