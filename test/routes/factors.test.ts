import t from 'tap'
import { advanceTime } from '../../src/testing.ts'
import { challenge, codeOf, enrolled, halfLogin, send, wrongCode } from '../support/factors.ts'
import { createMailbox } from '../support/mailbox.ts'
import { sql } from '../support/session-rows.ts'
import { build, claimsOf, eventually, login, PASSWORD, profile, refresh, signedIn, type Tokens } from '../support/start-server.ts'
import { loggedIn } from '../support/visitor.ts'

type Begun = { id: string, secret: string, uri: string }

t.test('an app is added with secret and address for a QR code, confirmed by a code, and listed', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  const { access_token: token } = await signedIn(app)
  await mailbox.fetch(app)
  t.same((await send(app, 'GET', '/v1/factors', token)).json(), { factors: [], recovery_codes_left: 0 })
  const begun = await send(app, 'POST', '/v1/factors/totp', token, { name: ' My phone ' })
  t.match([begun.statusCode, begun.headers['cache-control'], begun.json()], [201, 'no-store', { secret: /^[A-Z2-7]{32}$/, uri: /^otpauth:\/\/totp\/[^?]*ada%40example\.com\?/ }])
  const { id, secret, uri } = begun.json<Begun>()
  t.match(uri, `secret=${secret}`)
  t.same((await send(app, 'GET', '/v1/factors', token)).json(), { factors: [], recovery_codes_left: 0 }, 'it does not work yet')
  t.equal((await login(app)).statusCode, 200)
  const wrong = await send(app, 'POST', '/v1/factors/totp/confirm', token, { id, code: wrongCode(app, secret) })
  t.match([wrong.statusCode, wrong.json()], [422, { errors: { code: [/wrong/] } }])
  const done = await send(app, 'POST', '/v1/factors/totp/confirm', token, { id, code: codeOf(app, secret) })
  t.match([done.statusCode, done.headers['cache-control'], done.json()], [200, 'no-store', { factor: { id, kind: 'totp', name: 'My phone' } }])
  const { recovery_codes: codes } = done.json<{ recovery_codes: string[] }>()
  t.equal(new Set(codes).size, 10)
  t.match(codes[0], /^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/)
  t.match((await send(app, 'GET', '/v1/factors', token)).json(), { factors: [{ id }], recovery_codes_left: 10 })
  t.match((await mailbox.fetch(app)).map(({ subject }) => subject), [/./])
  const rows = JSON.stringify(await sql(app, 'SELECT * FROM factors')) + JSON.stringify(await sql(app, 'SELECT * FROM recovery_codes'))
  t.notOk(rows.includes(secret) || rows.includes(codes[0]!), 'nothing is stored in clear')
  const audited = () => sql(app, "SELECT FROM audit_events WHERE type = 'factor.added' AND detail->>'factor' = 'totp'")
  t.ok(await eventually(async () => (await audited()).length === 1), 'in the audit log')
})

t.test('it ends every other session; that of the user goes on, and has proven the factor', async (t) => {
  const { app } = await build(t)
  const other = await signedIn(app)
  const mine = (await login(app)).json<Tokens>()
  const begun = (await send(app, 'POST', '/v1/factors/totp', mine.access_token)).json<Begun>()
  await send(app, 'POST', '/v1/factors/totp/confirm', mine.access_token, { id: begun.id, code: codeOf(app, begun.secret) })
  t.same([(await profile(app, other.access_token)).statusCode, (await refresh(app, other.refresh_token)).statusCode], [401, 401])
  const later = (await refresh(app, mine.refresh_token)).json<Tokens>()
  t.match(claimsOf(later.access_token), { amr: ['pwd', 'otp', 'mfa'], acr: 'mfa' })
})

t.test('what is sensitive wants a login of the last 10 minutes, or the password', async (t) => {
  const { app } = await build(t)
  const ada = await enrolled(app)
  await advanceTime(app, 601)
  const token = (await refresh(app, ada.refresh_token)).json<Tokens>().access_token
  const calls = [['POST', '/v1/factors/totp'], ['POST', '/v1/factors/recovery-codes'], ['DELETE', `/v1/factors/${ada.id}`]] as const
  for (const [method, url] of calls) {
    t.match((await send(app, method, url, token)).json(), { code: 'LK_LOGIN_TOO_OLD' }, url)
    t.match((await send(app, method, url, token, { current_password: 'wrong' })).json(), { errors: { current_password: [/./] } }, url)
    t.ok((await send(app, method, url, token, { current_password: PASSWORD })).statusCode < 300, url)
  }
})

t.test('new recovery codes replace those before; without a factor there are none', async (t) => {
  const { app } = await build(t)
  const { access_token: bare } = await signedIn(app, { email: 'bob@example.com' })
  t.match((await send(app, 'POST', '/v1/factors/recovery-codes', bare)).json(), { statusCode: 409, code: 'LK_NO_FACTOR' })
  const ada = await enrolled(app)
  const { recovery_codes: codes } = (await send(app, 'POST', '/v1/factors/recovery-codes', ada.access_token)).json<{ recovery_codes: string[] }>()
  t.equal((await challenge(app, { auth_session: await halfLogin(app), code: ada.recoveryCodes[0]! })).statusCode, 401)
  t.equal((await challenge(app, { auth_session: await halfLogin(app), code: codes[0]! })).statusCode, 200)
})

t.test('removing the last factor takes the recovery codes with it, and the password alone logs in again', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  const ada = await enrolled(app)
  const other = (await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, ada.secret) })).json<Tokens>()
  await mailbox.fetch(app)
  t.equal((await send(app, 'DELETE', `/v1/factors/${ada.id}`, ada.access_token)).statusCode, 204)
  t.match((await mailbox.fetch(app)).length, 1, 'the user is told')
  t.same(await sql(app, 'SELECT FROM recovery_codes'), [])
  t.equal((await profile(app, other.access_token)).statusCode, 401, 'every other session has ended')
  t.equal((await profile(app, ada.access_token)).statusCode, 200)
  t.equal((await login(app)).statusCode, 200)
  t.equal((await send(app, 'DELETE', `/v1/factors/${ada.id}`, ada.access_token)).statusCode, 404)
})

t.test('factors of another user, and ids that are none, are not found', async (t) => {
  const { app } = await build(t)
  const ada = await enrolled(app)
  const bob = await signedIn(app, { email: 'bob@example.com' })
  t.equal((await send(app, 'DELETE', `/v1/factors/${ada.id}`, bob.access_token)).statusCode, 404)
  t.equal((await send(app, 'DELETE', '/v1/factors/x', bob.access_token)).statusCode, 404)
  const begun = (await send(app, 'POST', '/v1/factors/totp', bob.access_token)).json<Begun>()
  const stolen = { id: begun.id, code: codeOf(app, begun.secret) }
  t.equal((await send(app, 'POST', '/v1/factors/totp/confirm', ada.access_token, stolen)).statusCode, 404)
  t.equal((await send(app, 'POST', '/v1/factors/totp/confirm', bob.access_token, { id: 'x', code: '1' })).statusCode, 422)
  await advanceTime(app, 601)
  const { access_token: token } = (await login(app, { email: 'bob@example.com' })).json<Tokens>()
  t.equal((await send(app, 'POST', '/v1/factors/totp/confirm', token, { id: begun.id, code: codeOf(app, begun.secret) })).statusCode, 404, 'too late')
})

t.test('of two confirmations at once one has an effect, and there are ten factors at most', async (t) => {
  const { app } = await build(t)
  const ada = await enrolled(app)
  const begun = (await send(app, 'POST', '/v1/factors/totp', ada.access_token)).json<Begun>()
  const confirm = () => send(app, 'POST', '/v1/factors/totp/confirm', ada.access_token, { id: begun.id, code: codeOf(app, begun.secret) })
  t.same((await Promise.all([confirm(), confirm()])).map(({ statusCode }) => statusCode).sort(), [200, 404])
  await sql(app, 'INSERT INTO factors (id, user_id, kind, confirmed_at) SELECT gen_random_uuid(), $1, \'totp\', now() FROM generate_series(1, 8)', [ada.user.id])
  t.match((await send(app, 'POST', '/v1/factors/totp', ada.access_token)).json(), { code: 'LK_TOO_MANY_FACTORS' })
})

t.test('a token of another application, and a page of another site, change nothing', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const cookie = `latchkey=${visitor.cookies.get('latchkey')}`
  const forged = await app.inject({ method: 'POST', url: '/v1/factors/totp', headers: { cookie, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, payload: {} })
  t.equal(forged.statusCode, 403)
  const own = await app.inject({ method: 'POST', url: '/v1/factors/totp', headers: { cookie, 'sec-fetch-site': 'same-origin', origin: 'http://localhost:3000' }, payload: {} })
  t.equal(own.statusCode, 201)
  t.equal((await app.inject('/v1/factors')).statusCode, 401)
})
