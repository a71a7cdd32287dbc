import t from 'tap'
import { ask, asked, CALLER, decider, DEVICE_CODE, makeTv, poll } from '../../support/device.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { basic, claimsOf, makeClient, profile, register, token, type Tokens } from '../../support/start-server.ts'
import { sessionOf, sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'
import { advanceTime } from '../../../src/testing.ts'

const build = sharedServers(t)

const SCOPES = { scopes: { 'orders:read': 'See your orders', 'orders:write': 'Change your orders' } }

t.test('a device gets a code, its user allows it, and the next poll gets tokens', async (t) => {
  const { app } = await build(t, SCOPES)
  const { id } = await makeTv(app)
  const user = await decider(app)
  const answer = await ask(app, { client_id: id, scope: 'orders:read' })
  t.equal(answer.statusCode, 200, answer.body)
  t.equal(answer.headers['cache-control'], 'no-store')
  const waiting = answer.json()
  t.match(waiting, {
    device_code: /^lk_dc_[\w-]{43}$/, user_code: /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/,
    verification_uri: 'http://localhost:3000/device', expires_in: 600, interval: 5
  })
  t.equal(waiting.verification_uri_complete, `http://localhost:3000/device?user_code=${waiting.user_code}`)
  t.match((await poll(app, id, waiting.device_code)).json(), { error: 'authorization_pending' })

  const { oauth: { device } } = internals(app)
  t.match(await device.find({ userCode: waiting.user_code, user, caller: CALLER }), {
    userCode: waiting.user_code,
    client: { id, name: 'Television', firstParty: false },
    scopes: ['orders:read'],
    ip: '127.0.0.1',
    userAgent: 'TV/1.0',
    askedAt: Date
  })
  t.ok(await device.decide({ userCode: waiting.user_code, user, caller: CALLER }, 'allowed'))
  t.equal(await device.find({ userCode: waiting.user_code, user, caller: CALLER }), 'allowed', 'nobody decides twice')
  t.equal(
    await device.decide({ userCode: waiting.user_code, user, caller: CALLER }, 'denied'),
    'allowed',
    'the first decision counts'
  )

  const granted = await poll(app, id, waiting.device_code)
  t.equal(granted.statusCode, 200, 'at once: slow_down is not for what was allowed')
  const tokens = granted.json<Tokens>()
  t.match(tokens, { token_type: 'Bearer', scope: 'orders:read', refresh_token: /^lk_rt_/ })
  t.match(claimsOf(tokens.access_token), { sub: user.userId, client_id: id })
  t.match(await sessionOf(app, tokens), { user_id: user.userId, client_id: id, scopes: ['orders:read'] })
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  t.match((await poll(app, id, waiting.device_code)).json(), { error: 'invalid_grant' }, 'a code is good once')
  t.equal((await profile(app, tokens.access_token)).statusCode, 200, 'a device that polls on does not log itself out')
  t.equal((await token(app, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: id })).statusCode, 200)
})

t.test('with openid, auth_time in the id token is when the user logged in', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const user = await decider(app)
  const waiting = await asked(app, { client_id: id, scope: 'openid' })
  await internals(app).oauth.device.decide({ userCode: waiting.user_code, user, caller: CALLER }, 'allowed')
  const { id_token: idToken } = (await poll(app, id, waiting.device_code)).json<{ id_token: string }>()
  t.match(claimsOf(idToken), { sub: user.userId, aud: id, auth_time: user.authTime.getTime() / 1000 })
})

t.test('a user code is accepted in any case, and with or without separators', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const user = await decider(app)
  const { user_code: code } = await asked(app, { client_id: id })
  const find = (userCode: string) => internals(app).oauth.device.find({ userCode, user, caller: CALLER })
  for (const typed of [
    code, code.toLowerCase(), code.replace('-', ''), code.replace('-', ' '), ` ${code}\n`, code.replace('-', '–'),
    [...code].join(' ')
  ]) t.match(await find(typed), { userCode: code }, JSON.stringify(typed))
  for (const typed of ['', 'AAAA-AAAA', `${code}B`, code.slice(1), '%', '\0', 'B'.repeat(1000)]) {
    t.equal(await find(typed), null, JSON.stringify(typed))
  }
})

t.test('neither code is stored in clear, and the hash of the user code is keyed', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const { device_code: deviceCode, user_code: userCode } = await asked(app, { client_id: id })
  const [row] = await sql(app, "SELECT d::text, encode(user_code_hash, 'hex') AS hash FROM device_codes d")
  t.notMatch(row!['d'], deviceCode)
  t.notMatch(row!['d'], userCode.replace('-', ''))
  const { createHash } = await import('node:crypto')
  for (const text of [userCode, userCode.replace('-', '')]) t.not(row!['hash'], createHash('sha256').update(text).digest('hex'))
})

t.test('RFC 8628 section 3.5: each poll that comes too soon raises the interval by 5 seconds', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const { device_code: code } = await asked(app, { client_id: id })
  const interval = async () => (await sql<{ interval: number }>(app, 'SELECT interval FROM device_codes'))[0]!.interval
  const error = async () => (await poll(app, id, code)).json<{ error: string }>().error
  t.equal(await error(), 'authorization_pending')
  t.same([await error(), await interval()], ['slow_down', 10])
  t.same([await error(), await interval()], ['slow_down', 15])
  await advanceTime(app, 10)
  t.same([await error(), await interval()], ['slow_down', 20], '10 seconds are too few by now')
  await advanceTime(app, 20)
  t.same([await error(), await interval()], ['authorization_pending', 20], 'and what was raised stays')
})

t.test('a denied code is access_denied, an expired one expired_token, and neither creates a session', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const user = await decider(app)
  const denied = await asked(app, { client_id: id })
  t.ok(await internals(app).oauth.device.decide({ userCode: denied.user_code, user, caller: CALLER }, 'denied'))
  const answer = await poll(app, id, denied.device_code)
  t.match([answer.statusCode, answer.json()], [400, { error: 'access_denied' }])
  t.equal(
    await internals(app).oauth.device.decide({ userCode: denied.user_code, user, caller: CALLER }, 'allowed'),
    'denied',
    'the first decision counts'
  )

  const late = await asked(app, { client_id: id })
  await internals(app).oauth.device.decide({ userCode: late.user_code, user, caller: CALLER }, 'allowed')
  const never = await asked(app, { client_id: id })
  await advanceTime(app, 601)
  for (const { device_code: code } of [late, never]) t.match((await poll(app, id, code)).json(), { error: 'expired_token' })
  t.notOk(await internals(app).oauth.device.decide({ userCode: never.user_code, user, caller: CALLER }, 'allowed'))
  t.same(await sql(app, 'SELECT 1 FROM sessions'), [])
})

t.test('of 100 concurrent polls after the approval exactly one succeeds', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const user = await decider(app)
  const waiting = await asked(app, { client_id: id })
  let events = 0
  app.latchkey.on('device.approved', () => {
    events++
  })
  const approvals = await Promise.all(
    Array.from(
      { length: 10 },
      () => internals(app).oauth.device.decide({ userCode: waiting.user_code, user, caller: CALLER }, 'allowed')
    )
  )
  t.same(new Set(approvals), new Set(['allowed']), 'pressed ten times it is allowed')
  t.equal(events, 1, 'once')
  const answers = await Promise.all(Array.from({ length: 100 }, () => poll(app, id, waiting.device_code)))
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, ...Array.from({ length: 99 }, () => 400)])
  for (const answer of answers) if (answer.statusCode === 400) t.match(answer.json(), { error: 'invalid_grant' })
  t.equal((await sql(app, 'SELECT 1 FROM sessions')).length, 1)
})

t.test('no tokens are issued when the user or the client has changed between approval and poll', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const user = await decider(app)
  const { oauth: { device }, store } = internals(app)
  const before = await asked(app, { client_id: id })
  await device.decide({ userCode: before.user_code, user, caller: CALLER }, 'allowed')
  const later = await asked(app, { client_id: id })
  await store.access.endAll(user.userId, null)
  t.match((await poll(app, id, before.device_code)).json(), { error: 'invalid_grant' }, 'logged out everywhere')
  t.notOk(await device.decide({ userCode: later.user_code, user, caller: CALLER }, 'allowed'), 'a browser session of before')
  const [raised] = await sql<{ token_epoch: number }>(app, 'SELECT token_epoch FROM users WHERE id = $1', [user.userId])
  const now = { ...user, tokenEpoch: raised!.token_epoch }
  t.ok(await device.decide({ userCode: later.user_code, user: now, caller: CALLER }, 'allowed'))
  await store.users.setDisabled(user.userId, true)
  t.match((await poll(app, id, later.device_code)).json(), { error: 'invalid_grant' }, 'disabled')
  t.same(await sql(app, 'SELECT 1 FROM sessions'), [])
})

t.test('a device code is issued to a client that authenticates by its method and may use the grant', async (t) => {
  const { app } = await build(t, SCOPES)
  const box = await makeClient(app, { grantTypes: [DEVICE_CODE], scopes: ['orders:read'], defaultScopes: ['orders:read'] })
  const other = await makeTv(app)
  const web = await makeClient(app)
  t.equal((await ask(app, {}, box.basic)).statusCode, 200)
  t.equal((await ask(app, { client_id: box.id, client_secret: box.secret })).statusCode, 200)
  const refused: [string, Parameters<typeof ask>[1], string | undefined, number, string][] = [
    ['no client', {}, undefined, 400, 'invalid_request'],
    ['an unknown one', { client_id: 'lk_client_nobody' }, undefined, 401, 'invalid_client'],
    ['a confidential one without its secret', { client_id: box.id }, undefined, 401, 'invalid_client'],
    ['with a wrong one', {}, basic(box.id, 'wrong'), 401, 'invalid_client'],
    ['without the grant', {}, web.basic, 400, 'unauthorized_client'],
    ['for a scope that it may not have', { scope: 'orders:write' }, box.basic, 400, 'invalid_scope']
  ]
  for (const [name, params, authorization, status, error] of refused) {
    const answer = await ask(app, params, authorization)
    t.match([answer.statusCode, answer.json()], [status, { error }], name)
  }
  const waiting = await asked(app, {}, box.basic)
  t.match((await poll(app, other.id, waiting.device_code)).json(), { error: 'invalid_grant' }, 'the code of another client')
  t.match((await poll(app, box.id, waiting.device_code)).json(), { error: 'invalid_client' }, 'a poll authenticates, too')
  t.match((await poll(app, box.id, 'lk_dc_nothing', box.basic)).json(), { error: 'invalid_grant' }, 'an unknown code')
  t.match((await token(app, { grant_type: DEVICE_CODE }, box.basic)).json(), { error: 'invalid_request' }, 'no code')
  const user = await decider(app)
  await internals(app).oauth.device.decide({ userCode: waiting.user_code, user, caller: CALLER }, 'allowed')
  const tokens = (await poll(app, box.id, waiting.device_code, box.basic)).json<Tokens>()
  t.notOk(tokens.refresh_token, 'without the refresh grant no refresh token')
  t.equal(tokens.scope, 'orders:read')
})

t.test('RFC 8628 section 5.1: wrong user codes are limited by user and by address, in the question and in the decision', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const { id } = await makeTv(app)
  await register(app)
  const user = await decider(app, 'eve@example.com')
  const { user_code: userCode } = await asked(app, { client_id: id })
  const { oauth: { device } } = internals(app)
  const guess = async (index: number, ip = CALLER.ip, who = user): Promise<unknown> => {
    const guessed = { userCode: 'BBBB-BBBB', user: who, caller: { ...CALLER, ip } }
    return index % 2 ? device.decide(guessed, 'allowed') : device.find(guessed)
  }
  for (let index = 0; index < 10; index++) t.notOk(await guess(index))
  await t.rejects(guess(0), { name: 'TooManyAttempts' })
  await t.rejects(guess(1), { name: 'TooManyAttempts' })
  await t.rejects(guess(0, '198.51.100.7'), { name: 'TooManyAttempts' }, 'from another address')
  const other = await decider(app, 'mallory@example.com')
  await t.rejects(guess(0, CALLER.ip, other), { name: 'TooManyAttempts' }, 'as another user')
  t.ok(
    await device.decide({ userCode, user: other, caller: { ...CALLER, ip: '198.51.100.8' } }, 'allowed'),
    'nobody else is slowed down'
  )
})

t.test('requests for device codes are limited per address', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const { id } = await makeTv(app)
  const statuses: number[] = []
  for (let index = 0; index < 61; index++) statuses.push((await ask(app, { client_id: id })).statusCode)
  t.same(statuses, [...Array.from({ length: 60 }, () => 200), 429])
  t.match((await ask(app, { client_id: id })).json(), { error: 'temporarily_unavailable' })
})

t.test('decisions about devices emit events and are in the audit log', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const user = await decider(app)
  const seen: object[] = []
  app.latchkey.on('device.approved', (details) => { seen.push(details) })
  const [yes, no] = [await asked(app, { client_id: id }), await asked(app, { client_id: id })]
  await internals(app).oauth.device.decide({ userCode: yes.user_code, user, caller: CALLER }, 'allowed')
  await internals(app).oauth.device.decide({ userCode: no.user_code, user, caller: CALLER }, 'denied')
  t.same(seen, [{ clientId: id, userId: user.userId, scopes: [], ...CALLER }])
  await app.close()
  const { app: after } = await build(t, { databaseUrl: internals(app).config.databaseUrl! })
  t.same(
    (await internals(after).store.audit.list({ type: 'device.*', limit: 5 })).map(({ type }) => type).sort(),
    ['device.approved', 'device.denied']
  )
  t.match(await internals(after).store.audit.list({ type: 'device.denied', limit: 5 }), [{
    userId: user.userId, clientId: id, ip: CALLER.ip, userAgent: CALLER.userAgent, detail: { scopes: [] }
  }])
})

t.test('expired device codes are purged an hour later', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  await asked(app, { client_id: id })
  const { purge } = await import('../../../src/maintenance/purge.ts')
  const run = () =>
    purge(internals(app).store.purge, { expired: true, revoked: false, keep: 0, auditRetention: 1000 }, new AbortController().signal)
  await advanceTime(app, 601)
  t.match(await run(), { device_codes: 0 }, 'it tells its device yet')
  await advanceTime(app, 2 * 3600)
  t.match(await run(), { device_codes: 1 })
})
