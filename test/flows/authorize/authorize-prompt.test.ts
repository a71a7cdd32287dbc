import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, PASSWORD, register, token } from '../../support/start-server.ts'
import { authorize, authorizeUrl, CALLBACK, loggedIn, logIn, makeApp, paramsOf, VERIFIER, visit } from '../../support/visitor.ts'
import { advanceTime } from '../../../src/testing.ts'

const build = sharedServers(t)

const LOGIN = { username: 'ada@example.com', password: PASSWORD }
const own = { firstParty: true, skipsConsent: true }
const idTokenFor = async (app: Parameters<typeof token>[0], client: { basic: string }, code: string) => (
  await token(app, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic)
).json<{ id_token: string }>().id_token

t.test('prompt=none never shows a page', async (t) => {
  const { app } = await build(t)
  await register(app)
  const client = await makeApp(app)
  const visitor = visit(app)
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { prompt: 'none' }))), {
    error: 'login_required', state: 'of the app', iss: 'http://localhost:3000'
  })
  await logIn(visitor)
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { prompt: 'none' }))), { error: 'consent_required' })
  await authorize(visitor, client.id)
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { prompt: 'none' }))), { code: /^lk_ac_/ })
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { prompt: 'none', scope: 'openid email' }))), { error: 'consent_required' })
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { prompt: 'none', max_age: '0' }))), { error: 'login_required' })
})

for (const prompt of ['login', 'select_account', 'login consent']) {
  t.test(`prompt=${prompt} asks a user who is logged in for the password exactly once`, async (t) => {
    const { app } = await build(t)
    const visitor = await loggedIn(app)
    const client = await makeApp(app, own)
    const before = visitor.cookies.get('latchkey')
    const page = await visitor.follow(await visitor.get(authorizeUrl(client.id, { prompt })))
    t.match(page.body, 'name="password"')
    const answer = await visitor.follow(await visitor.submit(page, LOGIN))
    t.not(visitor.cookies.get('latchkey'), before, 'a new login has a new id')
    const end = prompt.includes('consent') ? await visitor.submit(answer, { decision: 'allow' }) : answer
    t.match(paramsOf(end), { code: /^lk_ac_/ })
  })
}

t.test('prompt=login needs a new login: an earlier login, a forged mark or the mark of another request is refused', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, own)
  const start = await visitor.get(authorizeUrl(client.id, { prompt: 'login', state: 'one' }))
  const returnTo = new URL(start.headers.location!, 'http://x').searchParams.get('return_to')!
  t.match((await visitor.get(returnTo)).headers.location, /^\/login/, 'coming back without a login')
  await logIn(visitor, '/login?prompt=login')
  const mark = new URL(returnTo, 'http://x').searchParams.get('reauth')!
  t.match(paramsOf(await visitor.get(returnTo)), { code: /^lk_ac_/ }, 'after it')
  t.match((await visitor.get(authorizeUrl(client.id, { prompt: 'login', state: 'two', reauth: mark }))).headers.location, /^\/login/)
  for (const forged of [`${Date.now() - 60_000}.x`, '0.', 'x', mark.replace(/^\d/, '0')]) {
    t.match(
      (await visitor.get(authorizeUrl(client.id, { prompt: 'login', state: 'one', reauth: forged }))).headers.location,
      /^\/login/,
      forged
    )
  }
})

t.test('prompt=consent asks again for scopes that were granted before', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  await authorize(visitor, client.id, { scope: 'openid email' })
  const page = await visitor.get(authorizeUrl(client.id, { scope: 'openid email', prompt: 'consent' }))
  t.match(page.body, 'See your e-mail address')
  t.match(paramsOf(await visitor.submit(page, { decision: 'allow' })), { code: /^lk_ac_/ })
})

t.test('max_age requires a login that is recent enough, and auth_time is the time of that login', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, own)
  const first = claimsOf(await idTokenFor(app, client, paramsOf(await visitor.get(authorizeUrl(client.id, { max_age: '10000' })))['code']!))
  await advanceTime(app, 2)
  for (const long of ['2147483647', '9'.repeat(30)]) {
    t.ok(paramsOf(await visitor.get(authorizeUrl(client.id, { max_age: long })))['code'], `max_age=${long} is a number of seconds`)
  }

  const page = await visitor.follow(await visitor.get(authorizeUrl(client.id, { max_age: '1' })))
  t.match(page.body, 'name="password"')
  const answer = await visitor.follow(await visitor.submit(page, LOGIN))
  const second = claimsOf(await idTokenFor(app, client, paramsOf(answer)['code']!))
  t.ok(Number(second['auth_time']) > Number(first['auth_time']))
  const zero = await visitor.follow(await visitor.get(authorizeUrl(client.id, { max_age: '0' })))
  t.match(paramsOf(await visitor.follow(await visitor.submit(zero, LOGIN))), { code: /^lk_ac_/ }, 'max_age=0 asks, and once')
})

t.test('login_hint fills in the login page, ui_locales choose its language', async (t) => {
  const { app } = await build(t)
  const client = await makeApp(app)
  const page = await visit(app).follow(
    await visit(app).get(authorizeUrl(client.id, { login_hint: '"><b>ada@example.com', ui_locales: 'nl de' }))
  )
  t.match(page.body, 'value="&#34;>&lt;b>ada@example.com"')
  t.match(page.body, '<html lang="de"')
  t.notMatch(page.body, '<b>ada')
})

t.test('with id_token_hint a code is issued to the user it names, or to none', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  await register(app, { email: 'eve@example.com' })
  const client = await makeApp(app, own)
  const hint = await idTokenFor(app, client, paramsOf(await visitor.get(authorizeUrl(client.id)))['code']!)
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { id_token_hint: hint, prompt: 'none' }))), { code: /^lk_ac_/ })
  await logIn(visitor, '/login?prompt=login', { username: 'eve@example.com' })
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { id_token_hint: hint, prompt: 'none' }))), { error: 'login_required' })
  const page = await visitor.follow(await visitor.get(authorizeUrl(client.id, { id_token_hint: hint })))
  t.match(paramsOf(await visitor.follow(await visitor.submit(page, { ...LOGIN, username: 'eve@example.com' }))), {
    error: 'login_required'
  }, 'the wrong one again')
})
