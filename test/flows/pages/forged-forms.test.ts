import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { PASSWORD, register } from '../../support/start-server.ts'
import { authorizeUrl, formOf, loggedIn, makeApp, paramsOf, visit } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const EVIL = 'https://evil.example'
/** What browsers send with a form of another site. */
const FOREIGN: Record<string, string>[] = [
  { origin: EVIL, 'sec-fetch-site': 'cross-site' },
  { origin: 'null', 'sec-fetch-site': 'cross-site' },
  { origin: 'https://other.localhost:3000', 'sec-fetch-site': 'same-site' },
  { origin: EVIL, 'sec-fetch-site': '' },
  { origin: 'http://localhost:3001', 'sec-fetch-site': '' },
  { origin: 'http://localhost:3000.evil.example', 'sec-fetch-site': '' },
  { origin: 'null', 'sec-fetch-site': '' },
  { origin: '', 'sec-fetch-site': 'cross-site' }
]

t.test('RFC 6749 section 10.12: a form sent by another site is refused with a page, even with a valid CSRF token', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const forms = {
    '/login': await visitor.get('/login?prompt=login'), '/register': await visitor.get('/register?return_to=%2Faccount'),
    '/logout': await visitor.get('/logout'), '/v1/oauth/authorize': await visitor.get(authorizeUrl(client.id))
  }
  for (const [path, page] of Object.entries(forms)) {
    t.equal(formOf(page).action, path)
    for (const headers of FOREIGN) {
      const answer = await visitor.submit(page, {
        username: 'ada@example.com', email: 'new@example.com', password: PASSWORD, decision: 'allow'
      }, headers)
      t.match([answer.statusCode, answer.headers.location], [403, undefined], `${path} ${JSON.stringify(headers)}`)
      t.match(answer.body, 'This page is too old')
    }
  }
  t.equal((await visitor.get('/account')).statusCode, 200, 'nobody was logged out')
  t.equal(await (await internals(app).database.prisma()).user.count(), 1, 'nobody was registered')
  t.equal(await (await internals(app).database.prisma()).consent.count(), 0, 'nothing was allowed')
})

t.test('RFC 6749 section 10.12: a form needs the CSRF token of this browser, and is shown again without it', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  const attacker = visit(app)
  const page = await visitor.get('/login?return_to=%2Forders')
  const { hidden } = formOf(page)
  const other = formOf(await attacker.get('/login')).hidden['_csrf']!
  const typed = { username: 'ada@example.com', password: PASSWORD }
  for (const token of ['', 'x', other, hidden['_csrf']!.slice(1), `${hidden['_csrf']}x`]) {
    const answer = await visitor.submit(page, { ...typed, _csrf: token })
    t.equal(answer.statusCode, 403, token)
    t.notOk(visitor.cookies.has('latchkey'))
    t.match(answer.body, 'This page was open for too long', 'and the form stays, with what was typed and a token that counts')
    t.equal(formOf(answer).hidden['return_to'], '/orders')
    t.match(answer.body, 'value="ada@example.com"')
    t.notMatch(answer.body, PASSWORD)
  }
  const cookieless = visit(app)
  t.equal((await cookieless.post('/login', { ...hidden, ...typed })).statusCode, 403, 'the token alone is nothing')
  t.equal((await visitor.submit(page, typed)).statusCode, 303)
})

t.test('the page of a refused consent form links back to the authorization request', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const refused = await visitor.submit(await visitor.get(authorizeUrl(client.id)), { decision: 'allow', _csrf: 'old' })
  t.equal(refused.statusCode, 403)
  const again = /<a href="([^"]+)"/.exec(refused.body)![1]!.replaceAll('&amp;', '&')
  t.match(paramsOf(await visitor.submit(await visitor.get(again), { decision: 'allow' })), { code: /^lk_ac_/, state: 'of the app' })
})

t.test('forms in two tabs are independent, and one that was opened by a link from another site can be submitted', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  const [one, two] = [await visitor.get('/login'), await visitor.get('/login', { 'sec-fetch-site': 'cross-site', referer: EVIL })]
  t.equal((await visitor.submit(one, { username: 'ada@example.com', password: 'wrong' })).statusCode, 401)
  t.equal((await visitor.submit(two, { username: 'ada@example.com', password: PASSWORD })).statusCode, 303)
})

t.test('without Origin and Sec-Fetch-Site the CSRF token decides, and a form at another address of the server is accepted', async (t) => {
  const { app } = await build(t)
  await register(app)
  const typed = { username: 'ada@example.com', password: PASSWORD }
  const silent = visit(app)
  t.equal((await silent.submit(await silent.get('/login'), typed, { origin: '', 'sec-fetch-site': '' })).statusCode, 303)
  const elsewhere = visit(app, { origin: 'http://127.0.0.1:3000', host: '127.0.0.1:3000' })
  t.equal((await elsewhere.submit(await elsewhere.get('/login'), typed)).statusCode, 303)
})

t.test('a form with repeated, malformed or non-form content is refused with a page: 400, 413 or 415', async (t) => {
  const { app } = await build(t)
  const post = (payload: string | Buffer, type = 'application/x-www-form-urlencoded') =>
    app.inject({
      method: 'POST', url: '/login', headers: { accept: 'text/html', origin: 'http://localhost:3000', 'content-type': type },
      payload
    })
  for (const body of ['username=a&username=b', 'username=%FF', 'username=%00', 'username=%', Buffer.from([0x61, 0x3d, 0xff])]) {
    const answer = await post(body)
    t.match([answer.statusCode, answer.headers['content-type']], [400, /^text\/html/], String(body))
  }
  t.equal((await post('{}', 'application/json')).statusCode, 415)
  t.equal((await post(`username=${'x'.repeat(70_000)}`)).statusCode, 413)
})

t.test('RFC 9700 sections 4.2.4 and 4.16: every page has a Content-Security-Policy, and cannot be framed or cached', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const guest = visit(app)
  const policy = (formAction: string) =>
    `default-src 'none'; style-src 'self'; img-src 'self' data:; ${formAction}frame-ancestors 'none'; base-uri 'none'`
  const stays = policy("form-action 'self'; ")
  // Chromium holds the whole chain of redirects to form-action, and an application may send its user on anywhere
  const leaves = policy('')
  const onTheWay = (path: string) => `${path}?${new URLSearchParams({ return_to: authorizeUrl(client.id) })}`
  const pages = {
    '/login': [await guest.get('/login'), stays],
    '/login for an app': [await guest.get(onTheWay('/login')), leaves],
    '/register for an app': [await guest.get(onTheWay('/register')), leaves],
    '/login for the account': [await guest.get('/login?return_to=/account'), stays],
    '/login for a page of the host': [await guest.get('/login?return_to=/orders'), leaves],
    '/login for a stranger': [
      await guest.get(`/login?${new URLSearchParams({ return_to: authorizeUrl(client.id, { redirect_uri: EVIL }) })}`),
      stays
    ],
    consent: [await visitor.get(authorizeUrl(client.id)), leaves],
    '/logout': [await visitor.get('/logout'), stays],
    '/account': [await visitor.get('/account'), stays],
    '/device': [await visitor.get('/device'), stays],
    error: [await visitor.get(authorizeUrl('nobody')), stays],
    'refused login': [await guest.post('/login', {}), stays]
  } as const
  for (const [name, [answer, expected]] of Object.entries(pages)) {
    t.match(answer.headers, {
      'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff'
    }, name)
    t.equal(answer.headers['content-security-policy'], expected, name)
    t.notMatch(answer.body, /<script|<style|\sstyle=|\son\w+=/, name)
  }
})

t.test('a CSRF cookie that another app on the domain has set does not prevent a login', async (t) => {
  const { app } = await build(t)
  await register(app)
  for (const foreign of ['', 'x', '%', 'caf\u00e9', 'a.b.c', 'x'.repeat(2000)]) {
    const visitor = visit(app)
    visitor.cookies.set('a=b; latchkey-csrf', foreign)
    const answer = await visitor.submit(await visitor.get('/login'), { username: 'ada@example.com', password: PASSWORD })
    t.equal(answer.statusCode, 303, JSON.stringify(foreign.slice(0, 9)))
  }
})
