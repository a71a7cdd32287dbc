import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, PASSWORD, register, type Tokens } from '../../support/start-server.ts'
import { asked, makeTv, poll } from '../../support/device.ts'
import { sql } from '../../support/session-rows.ts'
import { formOf, loggedIn, logIn, visit, type Visitor } from '../../support/visitor.ts'
import { advanceTime } from '../../../src/testing.ts'

const build = sharedServers(t)

const SCOPES = { scopes: { 'orders:read': 'See your orders' } }
const UNKNOWN = 'This code is unknown or has expired'

const path = ({ verification_uri_complete: uri }: { verification_uri_complete: string }) => uri.slice('http://localhost:3000'.length)
/** Types a code in. @returns the question */
const enter = async (visitor: Visitor, code: string) =>
  await visitor.follow(await visitor.submit(await visitor.get('/device'), { user_code: code }))
const decide = async (visitor: Visitor, code: string, decision: string) =>
  await visitor.follow(await visitor.submit(await enter(visitor, code), { decision }))

t.test('a user types the code, logs in and allows, and the device gets tokens of that user', async (t) => {
  const { app } = await build(t, SCOPES)
  const { id } = await makeTv(app, { scopes: ['*'] })
  const user = (await register(app)).json<{ id: string }>()
  const waiting = await asked(app, { client_id: id, scope: 'orders:read' })
  t.equal(waiting.verification_uri, 'http://localhost:3000/device')
  const visitor = visit(app)
  const form = await visitor.get('/device')
  t.match(form.body, /Connect a device[^]*name="user_code"/)
  const toLogin = await visitor.submit(form, { user_code: waiting.user_code.toLowerCase().replace('-', ' ') })
  t.match([toLogin.statusCode, toLogin.headers.location], [303, /^\/login\?return_to=%2Fdevice%3Fuser_code%3D/])
  const confirm = await visitor.follow(await logIn(visitor, toLogin.headers.location))
  t.equal(confirm.statusCode, 200)
  for (const text of [
    'Connect Television to your account?',
    waiting.user_code,
    'See your orders',
    'ada@example.com',
    'TV/1.0',
    '127.0.0.1'
  ]) t.match(confirm.body, text)
  t.notMatch(confirm.body, 'has not checked', 'the operator has registered it')
  t.match((await poll(app, id, waiting.device_code)).json(), { error: 'authorization_pending' }, 'looking at it allows nothing')
  const done = await visitor.follow(await visitor.submit(confirm, { decision: 'allow' }))
  t.match(done.body, 'The device is connected')
  const tokens = (await poll(app, id, waiting.device_code)).json<Tokens>()
  t.match(claimsOf(tokens.access_token), { sub: user.id, client_id: id, scope: 'orders:read' })
})

t.test('RFC 8628 section 3.3.1: the link with the code in it shows the question, and approves nothing', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const waiting = await asked(app, { client_id: id })
  const guest = await visit(app).get(path(waiting))
  t.match(guest.body, `value="${waiting.user_code}"`, 'for guests it is filled in')
  const visitor = await loggedIn(app)
  t.match((await visitor.get(path(waiting))).body, 'Connect Television to your account?')
  const old = await visitor.get(`/v1/oauth/device?user_code=${waiting.user_code}`)
  t.match([old.statusCode, old.headers.location], [303, `/device?user_code=${waiting.user_code}`])
  t.equal((await visitor.get('/v1/oauth/device')).headers.location, '/device')
  t.match((await poll(app, id, waiting.device_code)).json(), { error: 'authorization_pending' })
  t.match(
    (await visitor.follow(await visitor.submit(await visitor.get(path(waiting)), { decision: 'allow' }))).body,
    'The device is connected'
  )
})

t.test('denying tells the device, and uses up the code', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const waiting = await asked(app, { client_id: id })
  const visitor = await loggedIn(app)
  t.match((await decide(visitor, waiting.user_code, 'deny')).body, 'The device was not connected')
  t.match((await poll(app, id, waiting.device_code)).json(), { error: 'access_denied' })
  t.same(await sql(app, 'SELECT 1 FROM sessions'), [])
  const again = await visitor.submit(await visitor.get('/device'), { user_code: waiting.user_code })
  t.match([again.statusCode, again.body], [422, UNKNOWN])
})

t.test('the form names a code that is wrong, malformed, expired, used or of a revoked client as such', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const visitor = await loggedIn(app)
  const [used, late, gone] = [await asked(app, { client_id: id }), await asked(app, { client_id: id }), await asked(app, { client_id: id })]
  await decide(visitor, used.user_code, 'allow')
  const form = await visitor.get('/device')
  const refused = async (userCode: string, fields: Record<string, string> = {}) => {
    const answer = await visitor.submit(form, { user_code: userCode, ...fields })
    t.match([answer.statusCode, answer.body], [422, UNKNOWN], userCode)
    t.match(answer.body, 'aria-invalid="true"')
    t.notMatch(answer.body, 'name="decision"')
  }
  for (const code of ['BBBB-BBBB', 'AEIO-UAEI', '', 'x', '<script>', 'B'.repeat(500), used.user_code]) await refused(code)
  const confirm = await enter(visitor, late.user_code)
  await advanceTime(app, 601)
  await refused(late.user_code)
  const tooLate = await visitor.submit(confirm, { decision: 'allow' })
  t.match([tooLate.statusCode, tooLate.body], [422, UNKNOWN], 'the question lay open for too long')
  await sql(app, 'UPDATE clients SET revoked_at = now() WHERE id = $1', [id])
  await refused(gone.user_code)
  t.equal((await visitor.get('/device?user_code=nonsense')).statusCode, 422)
  t.equal((await visitor.get('/device?user_code=a&user_code=b')).statusCode, 422)
  t.match((await visit(app).post('/device', { user_code: 'x' })).statusCode, 403, 'without the token of the form')
})

t.test('a decision needs the CSRF token of this browser, and the user who saw the question', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  await register(app, { email: 'eve@example.com' })
  const visitor = await loggedIn(app)
  const waiting = await asked(app, { client_id: id })
  const confirm = await visitor.get(path(waiting))
  for (const headers of [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: '', 'sec-fetch-site': 'same-site' }
  ]) {
    t.equal((await visitor.submit(confirm, { decision: 'allow' }, headers)).statusCode, 403, JSON.stringify(headers))
  }
  const stale = await visitor.submit(confirm, { decision: 'allow', _csrf: 'x' })
  t.match([stale.statusCode, stale.body], [403, `href="/device?user_code=${waiting.user_code}"`], 'with the way back')
  const { hidden } = formOf(confirm)
  t.match((await visitor.follow(await visitor.post('/device', { ...hidden, shown_to: '', decision: 'allow' }))).body, 'name="decision"')
  await logIn(visitor, '/login?prompt=login', { username: 'eve@example.com' })
  const asEve = await visitor.follow(await visitor.submit(confirm, { decision: 'allow' }))
  t.match(asEve.body, /Connect Television[^]*eve@example\.com/, 'somebody else is asked anew')
  t.match((await poll(app, id, waiting.device_code)).json(), { error: 'authorization_pending' })
  const toLogin = await visit(app).post('/device', { ...hidden, decision: 'allow' })
  t.equal(toLogin.statusCode, 403, 'the token of another browser')
  visitor.cookies.delete('latchkey')
  t.match((await visitor.submit(asEve, { decision: 'allow' })).headers.location, /^\/login\?return_to=%2Fdevice/, 'a guest decides nothing')
})

t.test('RFC 8628 section 5.4: a code belongs to the first user who opens its question', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  await register(app, { email: 'eve@example.com' })
  const [ada, eve] = [await loggedIn(app), visit(app)]
  await logIn(eve, '/login', { username: 'eve@example.com' })
  const waiting = await asked(app, { client_id: id, scope: 'openid' })
  t.equal(
    (await app.inject({ method: 'HEAD', url: path(waiting), headers: { cookie: `latchkey=${eve.cookies.get('latchkey')}` } })).statusCode,
    200,
    'a preview of a link opens nothing'
  )
  const question = await enter(ada, waiting.user_code)
  t.match(question.body, 'Connect Television')
  for (const seen of [await enter(eve, waiting.user_code), await eve.get(path(waiting))]) {
    t.match([seen.statusCode, seen.body], [422, UNKNOWN], 'a stranger who saw the code')
  }
  const [{ id: eveId } = { id: '' }] = await sql<{ id: string }>(
    app,
    "SELECT user_id AS id FROM identifiers WHERE value = 'eve@example.com'"
  )
  for (const decision of ['allow', 'deny']) {
    const { hidden } = formOf(await eve.get('/device'))
    t.match(
      await eve.post('/device', { ...hidden, user_code: waiting.user_code, shown_to: eveId, decision }),
      { statusCode: 422 },
      `cannot ${decision}`
    )
  }
  t.match((await ada.follow(await ada.submit(question, { decision: 'allow' }))).body, 'The device is connected')
  t.match(claimsOf((await poll(app, id, waiting.device_code)).json<Tokens>().access_token), { sub: ada.userId })
  t.match(
    [(await eve.get(path(waiting))).statusCode, (await ada.get(path(waiting))).body],
    [422, 'The device is connected'],
    'what was decided is told to who decided'
  )
})

t.test('of two users who open a new code at once only one is shown the question', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  await register(app, { email: 'eve@example.com' })
  const visitors = [await loggedIn(app), visit(app)]
  await logIn(visitors[1]!, '/login', { username: 'eve@example.com' })
  for (let round = 0; round < 5; round++) {
    const waiting = await asked(app, { client_id: id })
    const questions = await Promise.all(visitors.map((visitor) => visitor.get(path(waiting))))
    t.same(questions.map(({ statusCode }) => statusCode).sort(), [200, 422])
  }
})

t.test('a second click on Connect shows the device as connected, and a reload posts nothing', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const visitor = await loggedIn(app)
  for (const [decision, text] of [['allow', 'The device is connected'], ['deny', 'The device was not connected']] as const) {
    const waiting = await asked(app, { client_id: id })
    const form = await visitor.get('/device')
    const typed = await Promise.all([1, 2].map(() => visitor.submit(form, { user_code: waiting.user_code })))
    t.match(
      typed.map(({ statusCode, headers }) => [statusCode, headers.location]),
      [[303, path(waiting)], [303, path(waiting)]],
      'the code, typed in'
    )
    const question = await visitor.follow(typed[0]!)
    const pressed = await Promise.all([1, 2, 3].map(() => visitor.submit(question, { decision })))
    for (const answer of [...pressed, await visitor.submit(question, { decision: 'deny' })]) {
      t.match([answer.statusCode, answer.headers.location], [303, path(waiting)])
      t.match((await visitor.follow(answer)).body, text)
    }
  }
})

t.test('a user who switches accounts returns to the same code', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  await register(app, { email: 'eve@example.com' })
  const visitor = await loggedIn(app)
  const waiting = await asked(app, { client_id: id })
  const { body } = await visitor.get(path(waiting))
  const link = /href="(\/login[^"]+)"/.exec(body)![1]!.replaceAll('&amp;', '&')
  t.match(
    (await visitor.follow(await logIn(visitor, link, { username: 'eve@example.com' }))).body,
    /Connect Television[^]*eve@example\.com/
  )
})

t.test('a browser session that was ended in another process cannot decide', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const visitor = await loggedIn(app)
  const waiting = await asked(app, { client_id: id })
  const confirm = await visitor.get(path(waiting))
  // As another process would, of which this one has not heard yet
  await sql(app, 'UPDATE browser_sessions SET revoked_at = now()')
  t.notMatch((await visitor.submit(confirm, { decision: 'allow' })).body, 'The device is connected')
  t.match((await poll(app, id, waiting.device_code)).json(), { error: 'authorization_pending' })
})

t.test('after too many wrong codes the page is 429 with Retry-After, for a correct code, too', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const { id } = await makeTv(app)
  const visitor = await loggedIn(app)
  const { user_code: code } = await asked(app, { client_id: id })
  const form = await visitor.get('/device')
  for (let index = 0; index < 10; index++) t.equal((await visitor.submit(form, { user_code: 'BBBB-BBBB' })).statusCode, 422)
  for (const userCode of ['BBBB-BBBB', code]) {
    const answer = await visitor.submit(form, { user_code: userCode })
    t.match([answer.statusCode, answer.headers['retry-after'], answer.body], [429, /^\d+$/, 'Too many attempts'])
  }
  t.equal((await visitor.get(`/device?user_code=${code}`)).statusCode, 429)
})

t.test('a link from another site fills in the form, and uses up no attempts of the user', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const { id } = await makeTv(app)
  const visitor = await loggedIn(app)
  const waiting = await asked(app, { client_id: id })
  for (let index = 0; index < 11; index++) await visitor.get('/device?user_code=BBBB-BBBB', { 'sec-fetch-site': 'cross-site' })
  const filled = await visitor.get(path(waiting), { 'sec-fetch-site': 'cross-site' })
  t.match(filled.body, `value="${waiting.user_code}"`)
  t.match(
    (await visitor.follow(await visitor.submit(filled, { user_code: waiting.user_code }))).body,
    'Connect Television to your account?'
  )
})

t.test('the device page works under a prefix, over https and in German', async (t) => {
  const { app } = await build(t, { appUrl: 'https://id.example.com', prefix: '/auth' })
  const { id } = await makeTv(app)
  await app.inject({ method: 'POST', url: '/auth/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  const waiting = (
    await app.inject({ method: 'POST', url: '/auth/v1/oauth/device/code', payload: { client_id: id } })
  ).json<{ user_code: string, verification_uri_complete: string }>()
  t.equal(waiting.verification_uri_complete, `https://id.example.com/auth/device?user_code=${waiting.user_code}`)
  const visitor = visit(app, { origin: 'https://id.example.com', 'accept-language': 'de' })
  const toLogin = await visitor.submit(await visitor.get(`/auth/device?user_code=${waiting.user_code}`), { user_code: waiting.user_code })
  const confirm = await visitor.follow(await logIn(visitor, toLogin.headers.location))
  t.match(confirm.body, 'Die Anfrage kam von')
  t.match((await visitor.follow(await visitor.submit(confirm, { decision: 'allow' }))).body, 'Das Gerät ist verbunden')
})

t.test('the name of a client and the user agent of a device are escaped', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app, { name: '<b>Bank</b>' })
  const visitor = await loggedIn(app)
  const answer = await app.inject({
    method: 'POST', url: '/v1/oauth/device/code',
    headers: { 'user-agent': '"><script>alert(1)</script>\u202E' }, payload: { client_id: id }
  })
  const { body } = await visitor.get(path(answer.json()))
  t.notMatch(body, /<script|<b>|\u202E/)
  t.match(body, '&lt;script>')
})

t.test('a device without a user agent is "Unknown device", and an app of the operator has no warning', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app, { firstParty: true })
  const visitor = await loggedIn(app)
  const waiting = await app.inject({
    method: 'POST', url: '/v1/oauth/device/code', headers: { 'user-agent': '' }, payload: { client_id: id }
  })
  const { body } = await visitor.get(path(waiting.json()))
  t.match(body, 'Unknown device')
  t.notMatch(body, 'has not checked')
})
