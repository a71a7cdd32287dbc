import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, PASSWORD, register } from '../../support/start-server.ts'
import { formOf, loggedIn, logIn, visit } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const LOGIN = { username: 'ada@example.com', password: PASSWORD }

t.test('a login sets an HttpOnly, SameSite session cookie', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  const answer = await logIn(visitor)
  t.match([answer.statusCode, answer.headers.location], [303, '/account'])
  const cookie = [answer.headers['set-cookie'] ?? []].flat().find((header) => header.startsWith('latchkey='))
  t.match(cookie, /^latchkey=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
  t.match((await visitor.follow(answer)).body, '<bdi>ada@example.com</bdi>')
  t.match((await visitor.get('/login')).headers.location, '/account', 'and need not do it again')
  t.match((await visitor.get('/login?prompt=login')).body, 'name="password"', 'unless it is asked for')
  const row = await (await internals(app).database.prisma()).browserSession.findFirstOrThrow()
  t.notOk(Buffer.from(row.tokenHash).toString('base64url').includes(visitor.cookies.get('latchkey')!), 'the database holds its hash')
})

t.test('RFC 9700 section 2.6: over https the cookies are Secure and have the __Host- prefix', async (t) => {
  const { app } = await build(t, { appUrl: 'https://id.example.com' })
  await register(app)
  const visitor = visit(app, { origin: 'https://id.example.com' })
  const page = await visitor.get('/login')
  t.match(page.headers['set-cookie'], /^__Host-latchkey-csrf=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  t.match(page.headers['strict-transport-security'], /max-age=\d+/)
  t.match((await visitor.submit(page, LOGIN)).headers['set-cookie'], /^__Host-latchkey=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
})

t.test('with "keep me logged in" the cookie outlives the browser', async (t) => {
  const { app } = await build(t)
  await register(app)
  const answer = await logIn(visit(app), '/login', { remember: 'on' })
  t.match(answer.headers['set-cookie'], /^latchkey=[\w-]{43}; Max-Age=(2592000|2591999); /)
})

t.test('a browser session expires when it is idle for too long, and at its absolute end', async (t) => {
  const { app } = await build(t, { browserIdleTtl: 5, browserSessionTtl: 10 })
  const visitor = await loggedIn(app)
  t.equal((await visitor.get('/account')).statusCode, 200)
  const prisma = await internals(app).database.prisma()
  await prisma.browserSession.updateMany({ data: { lastSeenAt: new Date(Date.now() - 6000) } })
  const [row] = await prisma.browserSession.findMany()
  t.equal(await internals(app).store.browserSessions.find(row!.tokenHash, 5), null, 'idle')
  await prisma.browserSession.updateMany({ data: { lastSeenAt: new Date(), expiresAt: new Date(Date.now() - 1) } })
  t.equal(await internals(app).store.browserSessions.find(row!.tokenHash, 5), null, 'over')
  t.ok(
    await eventually(async () => (await visitor.get('/account')).headers.location === '/login?return_to=%2Faccount'),
    'also where a process remembers it'
  )
})

t.test('every login has a new session id, and ends the previous session (session fixation)', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  visitor.cookies.set('latchkey', 'planted-by-an-attacker')
  await logIn(visitor)
  const first = visitor.cookies.get('latchkey')!
  t.not(first, 'planted-by-an-attacker')
  await logIn(visitor, '/login?prompt=login')
  t.not(visitor.cookies.get('latchkey'), first)
  t.equal((await app.inject({ url: '/account', headers: { accept: 'text/html', cookie: `latchkey=${first}` } })).statusCode, 303)
})

t.test('wrong password, unknown user and disabled user look the same, and the form keeps its input except the password', async (t) => {
  const { app, logs } = await build(t)
  await register(app)
  const { id } = (await register(app, { email: 'gone@example.com' })).json<{ id: string }>()
  await internals(app).store.users.setDisabled(id, true)
  const bodies = []
  for (const [username, password] of [
    ['ada@example.com', 'wrong password'],
    ['nobody@example.com', PASSWORD],
    ['gone@example.com', PASSWORD],
    ['no e-mail', PASSWORD],
    ['ada@example.com', '']
  ] as const) {
    const visitor = visit(app)
    const answer = await visitor.submit(await visitor.get('/login?return_to=%2Faccount%3Fa%3Db'), { username, password })
    t.equal(answer.statusCode, 401)
    t.notOk(visitor.cookies.has('latchkey'))
    t.match(answer.body, 'The account or the password is wrong')
    t.match(answer.body, `value="${username}"`)
    t.notMatch(answer.body, /wrong password|battery/)
    t.equal(formOf(answer).hidden['return_to'], '/account?a=b')
    bodies.push(answer.body.replaceAll(username, 'USER').replace(/name="_csrf" value="[^"]+"/, ''))
  }
  t.equal(new Set(bodies).size, 1)
  t.notMatch(logs(), 'wrong password')
})

t.test('RFC 9700 section 4.11: return_to leads only to this server', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  const elsewhere = [
    'https://evil.example', '//evil.example', '/\\evil.example', '\\\\evil.example', '/\t/evil.example', '/\n/evil.example',
    'javascript:alert(1)', 'evil.example', '/..//evil.example', ' //evil.example', 'https:evil.example',
    '/%5c\\evil.example', 'data:text/html,x', ''
  ]
  for (const target of elsewhere) {
    const page = await visitor.get(`/login?prompt=login&${new URLSearchParams({ return_to: target })}`)
    t.notMatch(page.body, 'evil.example', target)
    const answer = await visitor.post('/login', { ...formOf(page).hidden, ...LOGIN, return_to: target })
    t.equal(answer.headers.location, '/account', JSON.stringify(target))
  }
  const own = await visitor.get('/login?prompt=login&return_to=%2Forders%3Fpage%3D2%23last')
  t.equal((await visitor.submit(own, LOGIN)).headers.location, '/orders?page=2#last')
})

t.test('wrong passwords on the page are limited as at the API, and a known device can still log in', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  await register(app)
  const known = visit(app)
  const first = await logIn(known)
  t.match([first.headers['set-cookie']].flat().find((header) => header?.startsWith('lkDevice=')), /Path=\/login; HttpOnly; SameSite=Lax/)
  const guesser = visit(app)
  let page = await guesser.get('/login?return_to=%2Forders')
  for (let guess = 0; guess < 5; guess++) page = await guesser.submit(page, { ...LOGIN, password: `guess ${guess}` })
  t.equal(page.statusCode, 401)
  const refused = await guesser.submit(page, LOGIN)
  t.equal(refused.statusCode, 429, 'the right password, too')
  t.match(Number(refused.headers['retry-after']), /^[1-9]\d*$/)
  t.match(refused.body, 'Too many attempts')
  t.equal(formOf(refused).hidden['return_to'], '/orders', 'the form stays')
  t.notOk(guesser.cookies.has('latchkey'))
  const api = await app.inject({ method: 'POST', url: '/v1/clients/web/login', payload: { email: 'ada@example.com', password: PASSWORD } })
  t.equal(api.statusCode, 429, 'one count for page and API')
  t.equal((await logIn(known, '/login?prompt=login')).statusCode, 303)
})

t.test('the page accepts any login attribute, under a prefix, in the language of the browser', async (t) => {
  const { app } = await build(t, { prefix: '/auth', appUrl: 'https://id.example.com' })
  await app.inject({ method: 'POST', url: '/auth/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  const visitor = visit(app, { 'accept-language': 'de-AT,en;q=0.5', origin: 'https://id.example.com' })
  const page = await visitor.get('/auth/account')
  t.equal(page.headers.location, '/auth/login?return_to=%2Fauth%2Faccount')
  const login = await visitor.follow(page)
  t.match(login.body, '<html lang="de-AT"')
  t.match(login.body, 'action="/auth/login"')
  t.match((await visitor.follow(await visitor.submit(login, LOGIN))).body, 'Ihr Konto')
  const styles = /href="(\/auth\/assets\/[^"]+\.css)"/.exec(login.body)![1]!
  t.match((await visitor.get(styles)).headers, { 'content-type': /^text\/css/, 'cache-control': 'public, max-age=31536000, immutable' })
  t.equal(
    (await visitor.get(styles.replace(/[0-9a-f]{16}/, '0000000000000000'))).headers['cache-control'],
    'no-store',
    'the name of another version'
  )
})
