import t from 'tap'
import { call } from '../../support/machines.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, login, PASSWORD, profile, signedIn, type Tokens } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { formOf, loggedIn, logIn, visit, type Fields, type Visitor } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const NEXT = 'purple elephants dance at dawn'
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1'
type App = Parameters<typeof loggedIn>[0]

const change = async (visitor: Visitor, typed: Fields = {}) =>
  await visitor.post('/account/security/password', {
    ...formOf(await visitor.get('/account/security')).hidden, current_password: PASSWORD, new_password: NEXT, ...typed
  })
const recorded = (app: App, count: number) =>
  eventually(async () => (await sql(app, 'SELECT FROM audit_events WHERE user_id IS NOT NULL')).length >= count)

t.test('the password is changed on the page: this browser stays logged in, everything else is logged out, and the page says so', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const phone = visit(app)
  await logIn(phone)
  const tokens = (await login(app)).json<Tokens>()
  t.match((await visitor.get('/account')).body, 'href="/account/security"')
  const done = await change(visitor)
  t.match([done.statusCode, done.headers.location], [303, '/account/security'])
  const page = await visitor.get('/account/security')
  t.match(page.body, 'Your password is changed, and you are logged out everywhere else.')
  t.match(page.body, '<h3>Password changed</h3>', 'the history knows of it at once')
  t.notMatch((await visitor.get('/account/security')).body, 'Your password is changed', 'once')
  t.equal((await phone.get('/account')).statusCode, 303)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  t.equal((await login(app)).statusCode, 401)
  t.equal((await login(app, { email: 'ada@example.com', password: NEXT })).statusCode, 200)
})

t.test('a wrong, missing or weak password is refused beside its field, and nothing changes', async (t) => {
  const { app, logs } = await build(t)
  const visitor = await loggedIn(app)
  const refused: [Fields, string][] = [
    [{ current_password: 'not the one' }, 'This is not your password.'],
    [{ current_password: '' }, 'Fill in this field.'],
    [{ new_password: 'short' }, 'Use at least 8 characters.'],
    [{ new_password: '' }, 'Use at least 8 characters.'],
    [{ new_password: 'password123' }, 'is one of the first that attackers try']
  ]
  for (const [typed, message] of refused) {
    const answer = await change(visitor, typed)
    t.match([answer.statusCode, answer.body], [422, message], JSON.stringify(typed))
    t.notMatch(answer.body, NEXT)
  }
  t.notMatch(logs(), NEXT)
  t.equal((await login(app)).statusCode, 200)
})

t.test('a form of another site, without its token, or of a guest changes no password', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const { hidden } = formOf(await visitor.get('/account/security'))
  const fields = { ...hidden, current_password: PASSWORD, new_password: NEXT }
  const foreign = await visitor.post('/account/security/password', fields, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
  t.equal(foreign.statusCode, 403)
  t.equal((await visitor.post('/account/security/password', { ...fields, _csrf: 'x' })).statusCode, 403)
  visitor.cookies.delete('latchkey')
  const guest = await visitor.post('/account/security/password', fields)
  t.match([guest.statusCode, guest.headers.location], [303, '/account/security'])
  t.match([(await visitor.get('/account/security')).headers.location], ['/login?return_to=%2Faccount%2Fsecurity'])
  t.match([(await visitor.get('/account/security/password')).headers.location], ['/account/security'])
  t.equal((await login(app)).statusCode, 200)
})

t.test('guesses of the current password are limited', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const visitor = await loggedIn(app)
  const codes = []
  for (let count = 0; count < 12; count++) codes.push((await change(visitor, { current_password: `guess ${count}` })).statusCode)
  t.ok(codes.includes(429), codes.join(' '))
  t.equal((await visitor.get('/account/security')).statusCode, 200)
})

t.test('the history says in words what happened, when and where, and nothing of others', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app, { 'user-agent': IPHONE })
  await signedIn(app, { email: 'eve@example.com' })
  await logIn(visit(app), '/login', { password: 'wrong' })
  await change(visitor)
  t.ok(await recorded(app, 6))
  const { body } = await visitor.get('/account/security')
  const words = [...body.matchAll(/<h3>([^<]*)<\/h3>/g)].map(([, text]) => text)
  t.same(words, ['Password changed', 'Login with a wrong password', 'Logged in', 'Account created'])
  t.match(body, /Logged in[^]*Safari on Apple iPhone|Safari on iPhone[^]*127\.0\.0\.1/)
  t.notMatch(body, 'eve@example.com')
})

t.test('the history is paged, on the page and by API', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  const stranger = await signedIn(app, { email: 'eve@example.com' })
  await internals(app).store.audit.write(Array.from({ length: 45 }, () => ({ type: 'login.succeeded', userId: mine.user.id })))
  await internals(app).store.audit.write([{ type: 'client.changed', userId: mine.user.id }])
  t.ok(await recorded(app, 50))
  const visitor = visit(app)
  await logIn(visitor)
  t.ok(await recorded(app, 51))
  let [url, pages, count]: [string | undefined, number, number] = ['/account/security', 0, 0]
  while (url) {
    const { body } = await visitor.get(url)
    count += body.match(/<h3>/g)!.length
    pages++
    url = /href="(\/account\/security[?]before=[^"]*)"/.exec(body)?.[1]
  }
  t.match([pages, count], [3, 48])

  type Page = { entries: { id: string, type: string }[], next: string | null }
  const read = async (query: string, bearer?: string) => await call(app, 'GET', `../profile/history${query}`, bearer)
  const ids = new Set<string>()
  for (let next: string | null = ''; next !== null;) {
    const page: Page = (await read(`?limit=10${next && `&before=${next}`}`, mine.access_token)).json<Page>()
    for (const { id, type } of page.entries) {
      ids.add(id)
      t.not(type, 'client.changed')
    }
    next = page.next
  }
  t.equal(ids.size, 48)
  t.same((await read(`?before=${[...ids][3]}`, stranger.access_token)).json<Page>().entries, [], 'an entry of another user begins no page')
  t.equal((await read('')).statusCode, 401)
  t.equal((await read('?before=x', mine.access_token)).statusCode, 422)
  t.equal((await read('?limit=1000', mine.access_token)).statusCode, 422)
  t.equal((await visitor.get('/account/security?before=%27')).statusCode, 200)
})

t.test('with routes.profile off the page has the history only', async (t) => {
  const { app } = await build(t, { routes: { profile: false } })
  const visitor = await loggedIn(app)
  const { statusCode, body } = await visitor.get('/account/security')
  t.equal(statusCode, 200)
  t.notMatch(body, 'new_password')
  t.equal((await visitor.post('/account/security/password', {})).statusCode, 404)
})
