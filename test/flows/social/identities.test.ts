import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { build, eventually, login, PASSWORD, register } from '../../support/start-server.ts'
import { advanceTime } from '../../../src/testing.ts'
import { sql } from '../../support/session-rows.ts'
import { startSmtp } from '../../support/smtp.ts'
import { CLIENT, logInUpstream, pathOf, startUpstream, through } from '../../support/upstream.ts'
import { formOf, formsOf, loggedIn, logIn, visit, type Answer, type Visitor } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'lovelace@example.org', email_verified: true, name: 'Ada Lovelace' }
const SECURITY = '/account/security'

async function world (t: Test, options: Partial<AppOptions> = {}) {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/acme/callback', 'http://localhost:3000/v1/auth/other/callback'])
  const provider = { ...CLIENT, issuer: upstream.issuer, label: 'Acme' }
  const { app } = await build(t, { ...options, social: { acme: provider, other: { ...provider, label: 'Other' } } })
  return { app, upstream }
}

const press = (visitor: Visitor, page: Answer, action: string, more: Record<string, string> = {}) => {
  const found = formsOf(page)
    .find((form) => form.action === action && Object.entries(more).every(([name, value]) => form.hidden[name] === value))
  if (!found) throw new Error(`There is no form to ${action}`)
  return visitor.post(action, found.hidden)
}
const LINK = '/account/security/identities/link'
const UNLINK = '/account/security/identities/unlink'
const add = async (visitor: Visitor, provider = 'acme') => await press(visitor, await visitor.get(SECURITY), LINK, { provider })
const subjects = (app: Parameters<typeof sql>[0]) => sql<{ provider: string, subject: string }>(app, 'SELECT provider, subject FROM social_accounts ORDER BY provider')

t.test('who is logged in adds a provider, logs in with it, and removes it; the user is told by mail each time', async (t) => {
  const smtp = await startSmtp(t)
  const { app, upstream } = await world(t, { mail: { url: smtp.url, from: 'no-reply@example.com' } })
  const visitor = await loggedIn(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const page = await visitor.get(SECURITY)
  t.match(page.headers['content-security-policy'], /^(?!.*form-action)/, 'the form goes on to another site')
  const done = await visitor.get(pathOf(await through(await press(visitor, page, LINK, { provider: 'acme' }), ADA, upstream)))
  t.match([done.statusCode, done.headers.location], [303, SECURITY])
  const after = await visitor.get(SECURITY)
  t.match(after.body, /Done: you can log in this way[^]*lovelace@example\.org/)
  t.notOk(formsOf(after).some(({ action, hidden }) => action === LINK && hidden['provider'] === 'acme'), 'it is offered no more')

  const other = visit(app)
  t.equal((await logInUpstream(other, upstream, ADA)).statusCode, 303)
  t.match((await other.get(SECURITY)).body, 'ada@example.com', 'as the user who has added it')

  t.match((await press(visitor, after, UNLINK)).headers.location, SECURITY)
  t.match((await visitor.get(SECURITY)).body, 'This way to log in is removed')
  t.same(await subjects(app), [])
  t.equal((await login(app)).statusCode, 200)
  t.ok(await eventually(() => smtp.mails.filter(({ to }) => to === 'ada@example.com').length >= 3, 10_000))
  const told = smtp.mails.map(({ headers }) => headers['subject'])
  t.ok(told.includes('A new way to log in to Latchkey') && told.includes('A way to log in to Latchkey was removed'), told.join(', '))
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type LIKE 'identity.%' AND detail->>'provider' = 'acme'")).length === 2))
})

t.test('adding and removing need a form of this server and a login of the last ten minutes', async (t) => {
  const { app, upstream } = await world(t)
  const visitor = await loggedIn(app)
  const fields = { ...formOf(await visitor.get(SECURITY)).hidden, provider: 'acme' }
  for (const path of [LINK, UNLINK]) {
    t.equal((await visitor.post(path, { ...fields, _csrf: 'x' })).statusCode, 403, path)
    t.equal((await visitor.post(path, fields, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })).statusCode, 403, path)
    t.match([(await visitor.get(`${path}?provider=acme`)).headers.location], [SECURITY], 'a GET does nothing')
    t.match((await visit(app).get(path)).headers.location, SECURITY)
  }
  t.equal((await visitor.post(LINK, { ...fields, provider: 'nobody' })).statusCode, 404)
  await advanceTime(app, 660)
  for (const path of [LINK, UNLINK]) {
    t.match((await visitor.post(path, fields)).headers.location, '/login?prompt=login&return_to=%2Faccount%2Fsecurity', path)
  }
  const again = await visitor.get('/login?prompt=login&return_to=%2Faccount%2Fsecurity')
  t.match(again.body, /redirect\?return_to=%2Faccount%2Fsecurity&amp;prompt=login/, 'a login at the provider counts, too')
  const sent = await visitor.get('/v1/auth/acme/redirect?prompt=login')
  t.match(Object.fromEntries(new URL(sent.headers.location!).searchParams), { prompt: 'login', max_age: '0' })
  t.ok(upstream.issuer)
})

t.test('nobody adds their own account at a provider to somebody else (forced linking)', async (t) => {
  const { app, upstream } = await world(t)
  const eve = visit(app)
  await register(app, { email: 'eve@example.com' })
  await logIn(eve, '/login', { username: 'eve@example.com' })
  const path = pathOf(await through(await add(eve), { sub: 'eve-at-acme' }, upstream))
  const ada = await loggedIn(app)
  t.equal((await ada.get(path)).statusCode, 400, 'the browser of Ada has not started it')
  ada.cookies.set('latchkey-upstream', eve.cookies.get('latchkey-upstream')!)
  t.equal((await ada.get(path)).statusCode, 400, 'nor with the cookie: the session is another one')
  t.same(await subjects(app), [])
  t.match((await ada.get(SECURITY)).body, '<h2 id="identities"')
})

t.test('an account at a provider belongs to one user', async (t) => {
  const { app, upstream } = await world(t)
  await logInUpstream(visit(app), upstream, ADA)
  const visitor = await loggedIn(app)
  const back = await visitor.get(pathOf(await through(await add(visitor), ADA, upstream)))
  t.match(back.headers.location, SECURITY)
  t.match((await visitor.get(SECURITY)).body, /role="alert"[^]*connected to another account here/)
  t.equal((await subjects(app)).length, 1)
})

t.test('the last way in cannot be removed, also not by two requests at once; with a password it can', async (t) => {
  const { app, upstream } = await world(t)
  const visitor = visit(app)
  await logInUpstream(visitor, upstream, { sub: 'ada-at-acme', name: 'Ada' })
  t.equal((await press(visitor, await visitor.get(SECURITY), UNLINK)).statusCode, 303)
  t.match((await visitor.get(SECURITY)).body, 'You could not log in any more')
  t.equal((await subjects(app)).length, 1)

  await visitor.get(pathOf(await through(await add(visitor, 'other'), { sub: 'ada-at-other' }, upstream)))
  t.equal((await subjects(app)).length, 2)
  const page = await visitor.get(SECURITY)
  await Promise.all(['acme', 'other'].map((provider) => press(visitor, page, UNLINK, { provider })))
  t.equal((await subjects(app)).length, 1, 'one of the two stays')
})

t.test('a user without a password sets one, with a recent login and no current password', async (t) => {
  const { app, upstream } = await world(t)
  const visitor = visit(app)
  await logInUpstream(visitor, upstream, { ...ADA, email: 'ada@example.com' })
  const page = await visitor.get(SECURITY)
  t.match(page.body, 'Set a password')
  t.notMatch(page.body, 'name="current_password"')
  const weak = await visitor.submit(page, { new_password: 'short' })
  t.match([weak.statusCode, weak.body], [422, 'Use at least 8 characters.'])
  const set = await visitor.submit(await visitor.get(SECURITY), { new_password: PASSWORD })
  t.match([set.statusCode, set.headers.location], [303, SECURITY])
  t.equal((await login(app)).statusCode, 200)
  t.match((await visitor.get(SECURITY)).body, 'name="current_password"')
  t.equal((await visitor.submit(await visitor.get(SECURITY), { current_password: '', new_password: 'purple elephants dance' })).statusCode, 422)
})

t.test('a user without a password, whose login is not recent, logs in again before they set one', async (t) => {
  const { app, upstream } = await world(t)
  const visitor = visit(app)
  await logInUpstream(visitor, upstream, { ...ADA, email: 'ada@example.com' })
  await advanceTime(app, 660)
  t.match((await visitor.submit(await visitor.get(SECURITY), { new_password: PASSWORD })).headers.location, '/login?prompt=login')
  t.match(await sql(app, 'SELECT password_hash FROM users'), [{ password_hash: null }])
  const changed = await visitor.submit(await visitor.get('/account/profile'), { email: 'lovelace@example.com' })
  t.match(changed.headers.location, '/login?prompt=login&return_to=%2Faccount%2Fprofile', 'nor are they asked for a password that they do not have')
})
