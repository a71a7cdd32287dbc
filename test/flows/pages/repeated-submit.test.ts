import t from 'tap'
import { purge } from '../../../src/maintenance/purge.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { createDatabase, PASSWORD, profile, register } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { formOf, loggedIn, logIn, visit, type Fields } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const valueIn = (body: string) => /lk_pat_[\w-]{48}/.exec(body)?.[0]
const NEW = { email: 'new@example.com', name: 'Neo', password: PASSWORD }
const TOKEN = { name: 'Backup', days: '90' }
type Visitor = ReturnType<typeof visit>
type App = Parameters<typeof visit>[0]

const count = async (app: App, table: string) =>
  (await sql(app, `SELECT count(*)::int AS count FROM ${table}`) as [{ count: number }])[0].count
const living = async (app: App) => (await sql(app, 'SELECT id FROM browser_sessions WHERE revoked_at IS NULL')).length

/** The same browser, at another process. */
function elsewhere (app: App, visitor: Visitor): Visitor {
  const other = visit(app)
  for (const [name, value] of visitor.cookies) other.cookies.set(name, value)
  return other
}

async function twoProcesses (t: Parameters<typeof build>[0]) {
  const databaseUrl = await createDatabase(t)
  return [(await build(t, { databaseUrl })).app, (await build(t, { databaseUrl })).app] as const
}

t.test('a registration form that is submitted twice at once, to two processes, creates one account and one browser session', async (t) => {
  const [app, second] = await twoProcesses(t)
  const heard: object[] = []
  for (const each of [app, second]) each.latchkey.on('user.registered', (details) => { heard.push(details) })
  const visitor = visit(app)
  const page = await visitor.get('/register')
  const browsers = [visitor, elsewhere(second, visitor)]
  const answers = await Promise.all(browsers.map((browser) => browser.submit(page, NEW)))
  t.same(answers.map(({ statusCode, headers }) => [statusCode, headers.location]), [[303, '/account'], [303, '/account']])
  for (const browser of browsers) t.match((await browser.get('/account')).body, 'new@example.com')
  t.equal(await count(app, 'users'), 1)
  t.equal(await living(app), 1)
  t.equal(heard.length, 1)
  const later = visit(app)
  later.cookies.set('latchkey-csrf', visitor.cookies.get('latchkey-csrf')!)
  t.equal((await later.submit(page, NEW)).statusCode, 303, 'one after the other, too')
  t.equal(await living(app), 1)
})

t.test('a repeated registration is accepted only with the same browser, form and values; any other hears that the identifier is in use', async (t) => {
  const { app } = await build(t)
  const visitor = visit(app)
  const page = await visitor.get('/register')
  await visitor.submit(page, NEW)
  const guest = () => {
    const same = visit(app)
    same.cookies.set('latchkey-csrf', visitor.cookies.get('latchkey-csrf')!)
    return same
  }
  const stranger = visit(app)
  const own = formOf(await stranger.get('/register')).hidden['_csrf']!
  const refused: [string, Visitor, Fields][] = [
    ['another password', guest(), { ...NEW, password: 'another long password of mine' }],
    ['another name', guest(), { ...NEW, name: 'Eve' }],
    ['another form of the same browser', guest(), NEW],
    ['another browser with a form of its own', stranger, { ...NEW, _csrf: own }]
  ]
  for (const [name, browser, typed] of refused) {
    const from = name.startsWith('another form') ? await browser.get('/register') : page
    const answer = await browser.submit(from, typed)
    t.match([answer.statusCode, answer.body], [422, 'already in use'], name)
    t.notOk(browser.cookies.has('latchkey'), name)
  }
  t.equal((await stranger.submit(page, NEW)).statusCode, 403, 'the form of somebody else')
  t.notOk(stranger.cookies.has('latchkey'))
  const other = guest()
  t.equal((await other.submit(page, { ...NEW, email: 'other@example.com' })).statusCode, 303, 'another address is another account')
  await sql(app, "UPDATE users SET created_at = created_at - interval '1 hour'")
  t.equal((await guest().submit(page, NEW)).statusCode, 422, 'later it is no second press')
  await sql(app, 'UPDATE users SET created_at = now(), disabled_at = now()')
  t.equal((await guest().submit(page, NEW)).statusCode, 422, 'nor for who was disabled')
})

t.test('a login form that is submitted twice creates one browser session, and after a logout a new one', async (t) => {
  const [app, second] = await twoProcesses(t)
  await register(app)
  const visitor = visit(app)
  const page = await visitor.get('/login')
  const typed = { username: 'ada@example.com', password: PASSWORD }
  const browsers = [visitor, elsewhere(second, visitor)]
  await Promise.all(browsers.map((browser) => browser.submit(page, typed)))
  const [first, other] = browsers.map(({ cookies }) => cookies.get('latchkey'))
  t.ok(first)
  t.equal(first, other)
  t.equal(await living(app), 1)
  await visitor.submit(page, typed)
  t.equal(visitor.cookies.get('latchkey'), first, 'with the cookie of the first answer')
  t.equal(await living(app), 1, 'which is not ended')
  await visitor.follow(await visitor.submit(await visitor.get('/logout')))
  await visitor.submit(page, typed)
  t.not(visitor.cookies.get('latchkey'), first)
  t.equal((await visitor.get('/account')).statusCode, 200)
  t.equal(await living(app), 1)
  await logIn(visitor, '/login?prompt=login')
  t.equal(await living(app), 1)
})

t.test('a form that is submitted again creates nothing with an outdated password stamp or token epoch', async (t) => {
  const { app } = await build(t)
  const { sessions, personalTokens } = internals(app)
  const { id: userId } = (await register(app)).json<{ id: string }>()
  const [{ epoch: tokenEpoch }] = await sql(app, 'SELECT token_epoch AS epoch FROM users') as [{ epoch: number }]
  const [form, caller] = [Buffer.from('form'), { ip: '192.0.2.1', userAgent: 'test' }]
  const logInBy = async (passwordStamp: number) => (await sessions.browser.start({ userId, passwordStamp }, false, caller, form))?.token
  const makeBy = async (epoch: number) =>
    (await personalTokens.create({ owner: { userId, tokenEpoch: epoch }, name: 'x', scopes: [], ttl: null, form }))?.text
  const [cookie, token] = [await logInBy(0), await makeBy(tokenEpoch)]
  t.same([await logInBy(0), await makeBy(tokenEpoch)], [cookie, token])
  await sql(app, 'UPDATE users SET password_stamp = 1')
  t.same([await logInBy(0), await logInBy(1)], [undefined, cookie])
  for (const table of ['users', 'personal_access_tokens']) await sql(app, `UPDATE ${table} SET token_epoch = token_epoch + 1`)
  t.same([await makeBy(tokenEpoch), await makeBy(tokenEpoch + 1)], [undefined, token])
})

t.test('a token form that is submitted twice at once, to two processes, creates one token, and both answers show it', async (t) => {
  const [app, second] = await twoProcesses(t)
  const heard: object[] = []
  for (const each of [app, second]) each.latchkey.on('personal_token.created', (details) => { heard.push(details) })
  const visitor = await loggedIn(app)
  const field = { _csrf: formOf(await visitor.get('/account')).hidden['_csrf']! }
  const browsers: Visitor[] = [visitor, elsewhere(second, visitor)]
  const answers = await Promise.all(browsers.map((browser) => browser.post('/account/tokens', { ...field, ...TOKEN })))
  const pages = await Promise.all(browsers.map((browser, index) => browser.follow(answers[index]!)))
  const values = pages.map(({ body }) => valueIn(body))
  t.ok(values[0])
  t.equal(values[0], values[1])
  t.equal(await count(app, 'personal_access_tokens'), 1)
  t.equal(heard.length, 1)
  t.equal((await profile(app, values[0]!)).statusCode, 200)
  await visitor.post('/account/tokens', { ...field, ...TOKEN, name: 'Another' })
  t.equal(await count(app, 'personal_access_tokens'), 2, 'something else that was typed into the same page is another wish')
  const fresh = formOf(await visitor.get('/account')).hidden['_csrf']!
  await visitor.post('/account/tokens', { _csrf: fresh, ...TOKEN })
  t.equal(await count(app, 'personal_access_tokens'), 3, 'and so is the same on a new page')
})

t.test('a repeated token form shows the same token at the limit of tokens, and a new one after it was deleted', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const field = { _csrf: formOf(await visitor.get('/account')).hidden['_csrf']! }
  await sql(
    app,
    `INSERT INTO personal_access_tokens (id, user_id, client_id, name, scopes, hash, token_epoch)
    SELECT gen_random_uuid(), u.id, c.id, 'x', '{}', decode(md5(n::text), 'hex'), u.token_epoch FROM users u, clients c, generate_series(1, 99) n WHERE 'personal_access' = ANY (c.grant_types)`
  )
  const press = async () => await visitor.follow(await visitor.post('/account/tokens', { ...field, ...TOKEN }))
  const [first, again] = [await press(), await press()].map(({ body }) => valueIn(body))
  t.ok(first)
  t.equal(again, first)
  const [row] = await sql(app, "SELECT id FROM personal_access_tokens WHERE name = 'Backup'") as [{ id: string }]
  await visitor.post('/account/tokens/end', { ...field, id: row.id })
  const after = valueIn((await press()).body)
  t.ok(after)
  t.not(after, first)
  t.equal((await profile(app, first!)).statusCode, 401)
})

t.test('submitting a form again does not restore what was revoked and purged', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const field = { _csrf: formOf(await visitor.get('/account')).hidden['_csrf']! }
  const guest = visit(app)
  const page = await guest.get('/login')
  const press = async () => valueIn((await visitor.follow(await visitor.post('/account/tokens', { ...field, ...TOKEN }))).body)
  const enter = async () => {
    await guest.submit(page, { username: 'ada@example.com', password: PASSWORD })
    return guest.cookies.get('latchkey')!
  }
  const [secret, cookie] = [await press(), await enter()]
  await sql(app, 'UPDATE personal_access_tokens SET revoked_at = now()')
  await guest.submit(await guest.get('/logout'))
  const everything = { expired: true, revoked: true, keep: 0, auditRetention: 0 }
  t.ok(await purge(internals(app).store.purge, everything, new AbortController().signal))
  t.not(await press(), secret)
  t.not(await enter(), cookie)
  t.equal((await profile(app, secret!)).statusCode, 401)
  const thief = visit(app)
  thief.cookies.set('latchkey', cookie)
  t.equal((await thief.get('/account')).statusCode, 303)
  // An hour later the form gives other secrets, and the rows may go
  const aged = ['personal_access_tokens', 'browser_sessions']
  for (const table of aged) await sql(app, `UPDATE ${table} SET created_at = created_at - interval '1 hour', revoked_at = now()`)
  t.match(await purge(internals(app).store.purge, everything, new AbortController().signal), {
    personal_access_tokens: 2,
    browser_sessions: 3
  })
})

t.test('wrong passwords in a repeated registration are limited like those of a login', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const visitor = visit(app)
  const page = await visitor.get('/register')
  await visitor.submit(page, NEW)
  const again = async (password: string) => {
    const same = visit(app)
    same.cookies.set('latchkey-csrf', visitor.cookies.get('latchkey-csrf')!)
    return (await same.submit(page, { ...NEW, password })).statusCode
  }
  const answers = []
  for (let tries = 0; tries < 8; tries++) answers.push(await again(`wrong password of number ${tries}`))
  t.equal(answers[0], 422)
  t.equal(answers.at(-1), 429)
  t.equal(await again(PASSWORD), 429, 'nor the right one then')
})

t.test('a new token is shown once, only to its owner: not after a reload, and not to the next user of the browser', async (t) => {
  const { app, logs } = await build(t)
  const visitor = await loggedIn(app)
  const field = { _csrf: formOf(await visitor.get('/account')).hidden['_csrf']! }
  const posted = await visitor.post('/account/tokens', { ...field, ...TOKEN })
  const { location } = posted.headers
  t.match([posted.statusCode, location], [303, /^\/account\/tokens\/[0-9a-f-]{36}$/])
  const cookie = posted.cookies.find(({ name }) => name === 'latchkey-once')!
  t.match(cookie, { path: location, httpOnly: true, sameSite: 'Lax', maxAge: 300 })
  await register(app, { email: 'eve@example.com' })
  const eve = visit(app)
  await logIn(eve, '/login', { username: 'eve@example.com' })
  eve.cookies.set('latchkey-once', cookie.value)
  const stolen = await eve.get(location!)
  t.match([stolen.statusCode, stolen.headers.location], [303, '/account'])
  const other = await visitor.get('/account/tokens/01a20dc8-810d-76f8-8b1d-e68fcfd5f89b', {
    cookie: `latchkey=${visitor.cookies.get('latchkey')}; latchkey-once=${cookie.value}`
  })
  t.equal(other.headers.location, '/account', 'nor at another address')
  const preview = await app.inject({
    method: 'HEAD', url: location!,
    headers: { cookie: `latchkey=${visitor.cookies.get('latchkey')}; latchkey-once=${cookie.value}` }
  })
  t.match([preview.statusCode, preview.headers['set-cookie']], [200, undefined], 'nor by a preview of a link')
  const shown = await visitor.get(location!, {
    cookie: `latchkey=${visitor.cookies.get('latchkey')}; latchkey-once=nonsense; latchkey-once=${cookie.value}`
  })
  const value = valueIn(shown.body)!
  t.ok(value)
  t.notMatch([JSON.stringify(posted.headers), logs()], new RegExp(`${value}|${value.slice(7, 40)}`))
  t.match(shown.cookies.find(({ name }) => name === 'latchkey-once'), { value: '', path: location, maxAge: 0 })
  t.equal((await visitor.get(location!)).headers.location, '/account')
  t.notOk(valueIn((await visitor.get('/account')).body))
})

t.test('GET of an address that accepts only POST redirects to the page with its form', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  for (const path of ['sessions/end', 'apps/end', 'tokens/end', 'tokens']) {
    const answer = await visitor.get(`/account/${path}`)
    t.match([answer.statusCode, answer.headers.location], [303, '/account'], path)
  }
})
