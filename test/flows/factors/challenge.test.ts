import t from 'tap'
import { advanceTime } from '../../../src/testing.ts'
import { addTotp, challenge, challengeAt, codeOf, enrolled, halfLogin, passwordGrant, send, startOfStep, wrongCode } from '../../support/factors.ts'
import { sql } from '../../support/session-rows.ts'
import { build, claimsOf, cookieOf, eventually, login, makeClient, profile, refresh, register, signedIn, token, type Tokens } from '../../support/start-server.ts'

t.test('a proxy login goes on with a code, and its answer is that of the login', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const refused = await login(app)
  t.match([refused.statusCode, refused.json()], [403, {
    statusCode: 403, code: 'LK_INSUFFICIENT_AUTHORIZATION', error: 'Forbidden', auth_session: /^lk_as_/, factors: ['totp', 'recovery_code']
  }])
  t.notOk(cookieOf(refused))
  const { auth_session: authSession } = refused.json<{ auth_session: string }>()
  const done = await challenge(app, { auth_session: authSession, factor: 'totp', code: codeOf(app, secret) })
  t.equal(done.statusCode, 200)
  t.ok(cookieOf(done))
  const tokens = done.json<Tokens>()
  t.match(claimsOf(tokens.access_token), { amr: ['pwd', 'otp', 'mfa'], acr: 'mfa' })
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  const later = (await refresh(app, tokens.refresh_token)).json<Tokens>()
  t.match(claimsOf(later.access_token), { amr: ['pwd', 'otp', 'mfa'], acr: 'mfa' }, 'a refresh changes neither')
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'login.incomplete'")).length === 1))
})

t.test('the token endpoint answers insufficient_authorization, and /v1/oauth/challenge the tokens of the scopes that were asked for', async (t) => {
  const { app } = await build(t, { scopes: { 'orders:read': 'Orders', 'orders:write': 'Orders' } })
  const { secret } = await enrolled(app)
  const { id, basic } = await makeClient(app)
  const refused = await token(app, { ...passwordGrant(), scope: 'openid orders:read' }, basic)
  t.match([refused.statusCode, refused.headers['cache-control'], refused.json()], [403, 'no-store', {
    error: 'insufficient_authorization', code: 'LK_INSUFFICIENT_AUTHORIZATION', auth_session: /^lk_as_/, factors: ['totp', 'recovery_code']
  }])
  const { auth_session: authSession } = refused.json<{ auth_session: string }>()
  t.equal((await challengeAt(app, { auth_session: authSession, code: codeOf(app, secret) }, basic.slice(0, -8))).statusCode, 401, 'the client authenticates')
  t.match((await challengeAt(app, { code: codeOf(app, secret) }, basic)).json(), { error: 'invalid_request', error_description: 'auth_session is missing' })
  const done = await challengeAt(app, { auth_session: authSession, factor: 'totp', code: codeOf(app, secret) }, basic)
  t.match([done.statusCode, done.headers['cache-control'], done.json()], [200, 'no-store', { scope: 'openid orders:read', token_type: 'Bearer' }])
  t.match(claimsOf(done.json<{ id_token: string }>().id_token), { acr: 'mfa', amr: ['pwd', 'otp', 'mfa'], aud: id })
})

t.test('a user without a second factor logs in as before, with acr 0', async (t) => {
  const { app } = await build(t)
  const { access_token: accessToken } = await signedIn(app)
  t.match(claimsOf(accessToken), { amr: ['pwd'], acr: '0' })
})

t.test('a wrong code has the answer of wrong credentials, and five end the auth session', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const authSession = await halfLogin(app)
  const wrong = wrongCode(app, secret)
  for (let count = 0; count < 5; count++) {
    const answer = await challenge(app, { auth_session: authSession, code: wrong })
    t.match([answer.statusCode, answer.json()], [401, { code: 'LK_INVALID_CREDENTIALS' }])
  }
  const late = await challenge(app, { auth_session: authSession, code: codeOf(app, secret) })
  t.match([late.statusCode, late.json()], [403, { code: 'LK_INVALID_TOKEN' }], 'even with the right one')
  t.equal((await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, secret) })).statusCode, 200, 'a new login goes on')
})

t.test('six wrong codes at once are five tries', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const authSession = await halfLogin(app)
  const wrong = wrongCode(app, secret)
  const answers = await Promise.all(Array.from({ length: 8 }, () => challenge(app, { auth_session: authSession, code: wrong })))
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [401, 401, 401, 401, 401, 403, 403, 403])
})

t.test('a code logs in once: of two at once one, and later none', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const code = codeOf(app, secret)
  const [same, other] = [await halfLogin(app), await halfLogin(app)]
  const answers = await Promise.all([same, same, other, other].map((one) => challenge(app, { auth_session: one, code })))
  t.same(answers.map(({ statusCode }) => statusCode).filter((status) => status === 200), [200])
  t.equal((await sql(app, "SELECT FROM sessions WHERE amr @> '{mfa}'")).length, 2, 'one besides that of the enrolment')
  t.equal((await challenge(app, { auth_session: await halfLogin(app), code })).statusCode, 401, 'the step is used')
})

t.test('one auth session with two right codes at once is one login, and the other code stays good', async (t) => {
  const { app } = await build(t)
  const { secret, recoveryCodes } = await enrolled(app)
  const authSession = await halfLogin(app)
  const codes = [codeOf(app, secret), ...recoveryCodes.slice(0, 3)]
  const answers = await Promise.all(codes.map((code) => challenge(app, { auth_session: authSession, code })))
  t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
  const [{ left }] = await sql<{ left: number }>(app, 'SELECT count(*)::int AS left FROM recovery_codes') as [{ left: number }]
  t.ok(left >= 9, `what did not log in is not used up: ${left}`)
})

t.test('one step of drift is accepted, two are not', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  await sql(app, 'UPDATE factors SET last_step = 0')
  await startOfStep(app)
  for (const [steps, status] of [[-2, 401], [2, 401], [-1, 200], [1, 200]] as const) {
    t.equal((await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, secret, steps) })).statusCode, status, `${steps}`)
  }
  t.equal((await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, secret) })).statusCode, 401, 'a step before a used one')
})

t.test('a challenge is good for its client, its user and its door only', async (t) => {
  const { app } = await build(t)
  const ada = await enrolled(app)
  const bob = await enrolled(app, { email: 'bob@example.com' })
  const { basic } = await makeClient(app)
  const authSession = await halfLogin(app)
  const code = codeOf(app, ada.secret)
  t.equal((await challenge(app, { auth_session: authSession, code }, { slug: 'mobile' })).statusCode, 403, 'another proxy')
  t.match((await challengeAt(app, { auth_session: authSession, code }, basic)).json(), { error: 'invalid_session' }, 'another client')
  t.equal((await challenge(app, { auth_session: authSession, code: codeOf(app, bob.secret) })).statusCode, 401, 'the code of another user')
  t.equal((await challenge(app, { auth_session: authSession, code: bob.recoveryCodes[0]! })).statusCode, 401, 'a recovery code of another user')
  t.equal((await challenge(app, { auth_session: authSession, factor: 'recovery_code', code })).statusCode, 401, 'another kind')
  t.equal((await challenge(app, { auth_session: authSession, factor: 'passkey', code })).statusCode, 401, 'an unknown kind')
})

t.test('an auth session ends after ten minutes', async (t) => {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const authSession = await halfLogin(app)
  await advanceTime(app, 601)
  t.equal((await challenge(app, { auth_session: authSession, code: codeOf(app, secret) })).statusCode, 403)
})

t.test('a recovery code stands in for the factor once, however it is typed', async (t) => {
  const { app } = await build(t)
  const { recoveryCodes: [code = ''] } = await enrolled(app)
  const typed = ` ${code.toUpperCase().replaceAll('-', ' ')} `
  const done = await challenge(app, { auth_session: await halfLogin(app), code: typed })
  t.match([done.statusCode, claimsOf(done.json<Tokens>().access_token)], [200, { amr: ['pwd', 'otp', 'mfa'] }])
  t.equal((await challenge(app, { auth_session: await halfLogin(app), code })).statusCode, 401)
  t.match((await send(app, 'GET', '/v1/factors', done.json<Tokens>().access_token)).json(), { recovery_codes_left: 9 })
})

t.test('a login that began before a factor was added, or removed, is refused', async (t) => {
  const { app } = await build(t)
  const ada = await enrolled(app)
  const before = await halfLogin(app)
  await addTotp(app, ada.access_token).catch(() => {})
  t.equal((await challenge(app, { auth_session: before, code: codeOf(app, ada.secret) })).statusCode, 403)
  const again = await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, ada.secret) })
  const fresh = again.json<Tokens>().access_token
  const waiting = await halfLogin(app)
  t.equal((await send(app, 'DELETE', `/v1/factors/${ada.id}`, fresh)).statusCode, 204)
  t.equal((await challenge(app, { auth_session: waiting, code: codeOf(app, ada.secret, 1) })).statusCode, 403)
})

t.test('FACTORS=off asks nobody, and has no routes', async (t) => {
  const { app, databaseUrl } = await build(t)
  await enrolled(app)
  const { app: off } = await build(t, { databaseUrl, factors: 'off' })
  const tokens = await login(off)
  t.equal(tokens.statusCode, 200)
  t.equal((await challenge(off, { auth_session: 'x', code: 'y' })).statusCode, 404)
  t.equal((await challengeAt(off, {})).statusCode, 404)
  t.equal((await send(off, 'GET', '/v1/factors', tokens.json<Tokens>().access_token)).statusCode, 404)
  t.equal((await off.inject('/login/factor')).statusCode, 404)
  t.equal((await register(off, { email: 'bob@example.com' })).statusCode, 201)
})
