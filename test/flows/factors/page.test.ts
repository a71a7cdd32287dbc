import t from 'tap'
import { challenge, codeOf, enrolled, halfLogin, wrongCode } from '../../support/factors.ts'
import { sql } from '../../support/session-rows.ts'
import { build, PASSWORD } from '../../support/start-server.ts'
import { authorizeUrl, formOf, logIn, makeApp, paramsOf, visit } from '../../support/visitor.ts'

t.test('after the password the page asks for a code, and goes on to where the login was for', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const visitor = visit(app)
  const asked = await logIn(visitor, '/login?return_to=%2Faccount%2Fsecurity')
  t.match([asked.statusCode, asked.body], [403, 'Enter your code'])
  t.match(asked.body, 'autocomplete="one-time-code"')
  t.notOk(visitor.cookies.has('latchkey'))
  const wrong = await visitor.submit(asked, { code: wrongCode(app, secret) })
  t.match([wrong.statusCode, wrong.body], [401, 'This code is wrong'])
  t.equal((await visitor.get('/login/factor')).statusCode, 200, 'it can be opened again')
  const done = await visitor.submit(wrong, { code: codeOf(app, secret) })
  t.match([done.statusCode, done.headers.location], [303, '/account/security'])
  t.equal((await visitor.follow(done)).statusCode, 200)
  t.match(await sql(app, 'SELECT amr FROM browser_sessions'), [{ amr: ['pwd', 'otp', 'mfa'] }])
  t.notOk(visitor.cookies.has('latchkey-auth'))
})

t.test('an application gets its code after the second factor, with acr and amr', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const visitor = visit(app)
  const form = await visitor.follow(await visitor.get(authorizeUrl(client.id)))
  const asked = await visitor.submit(form, { username: 'ada@example.com', password: PASSWORD })
  t.equal(asked.statusCode, 403)
  t.match(paramsOf(await visitor.follow(await visitor.submit(asked, { code: codeOf(app, secret) }))), { code: /^lk_ac_/ })
})

t.test('the second step belongs to the browser that entered the password, and to our pages', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const [visitor, other] = [visit(app), visit(app)]
  const asked = await logIn(visitor)
  const guest = await other.get('/login/factor')
  t.match([guest.statusCode, guest.headers.location], [303, '/login'])
  const theirs = await other.get('/login')
  const { _csrf: csrf = '' } = formOf(theirs).hidden
  const stolen = await other.post('/login/factor', { _csrf: csrf, code: codeOf(app, secret) })
  t.match([stolen.statusCode, stolen.headers.location], [303, '/login'], 'without the cookie')
  const text = visitor.cookies.get('latchkey-auth')!
  t.equal((await challenge(app, { auth_session: text, code: codeOf(app, secret) })).statusCode, 403, 'at a proxy')
  other.cookies.set('latchkey-auth', await halfLogin(app))
  const proxied = await other.post('/login/factor', { _csrf: csrf, code: codeOf(app, secret) })
  t.match([proxied.statusCode, proxied.headers.location], [303, '/login'], 'one of a proxy')
  t.equal((await visitor.submit(asked, { code: codeOf(app, secret) })).statusCode, 303)
})

t.test('a forged form is refused, and the fifth wrong code ends the login', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const visitor = visit(app)
  const asked = await logIn(visitor)
  t.equal((await visitor.post('/login/factor', { code: codeOf(app, secret) })).statusCode, 403, 'without a CSRF token')
  for (let count = 0; count < 5; count++) t.equal((await visitor.submit(asked, { code: wrongCode(app, secret) })).statusCode, 401)
  const late = await visitor.submit(asked, { code: codeOf(app, secret) })
  t.match([late.statusCode, late.headers.location], [303, '/login'])
})

t.test('a page of the host that logs in finds the second step at /login/factor', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const visitor = visit(app)
  await logIn(visitor)
  const step = await visitor.get('/login/factor?return_to=%2Faccount')
  const done = await visitor.submit(step, { code: codeOf(app, secret) })
  t.match([done.statusCode, done.headers.location], [303, '/account'])
})

t.test('a browser session from before FACTORS was on proves the factor before an application gets a code', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { secret } = await enrolled(app)
  const { app: off } = await build(t, { databaseUrl, factors: 'off' })
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const before = visit(off)
  t.equal((await logIn(before)).statusCode, 303)
  const visitor = visit(app)
  for (const [name, value] of before.cookies) visitor.cookies.set(name, value)
  const silent = await visitor.get(authorizeUrl(client.id, { prompt: 'none' }))
  t.match(paramsOf(silent), { error: 'interaction_required' })
  const asked = await visitor.get(authorizeUrl(client.id))
  t.match([asked.statusCode, asked.body], [403, 'Enter your code'])
  t.match(paramsOf(await visitor.follow(await visitor.submit(asked, { code: codeOf(app, secret) }))), { code: /^lk_ac_/ })
})
