import t from 'tap'
import { call, personalToken } from '../../support/machines.ts'
import { sharedServers } from '../../support/shared-server.ts'
import {
  eventually, login, logout, makeClient, PASSWORD, profile, refresh, register, signedIn, token,
  type Tokens
} from '../../support/start-server.ts'
import { codeIn, createMailbox } from '../../support/mailbox.ts'
import { logIn, visit } from '../../support/visitor.ts'
import { attempt, ON, times } from '../../support/throttled.ts'
import { sessionId, sql } from '../../support/session-rows.ts'
import type { EventName } from '../../../src/events/events.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

type App = Parameters<typeof login>[0]

/** What a host hears. */
function hear (app: App, ...names: EventName[]) {
  const heard: [string, object][] = []
  for (const name of names) app.latchkey.on(name, (details) => { heard.push([name, details]) })
  return heard
}

const written = async (app: App, type: string, count = 1) => {
  await eventually(async () => (await internals(app).store.audit.list({ type, limit: 100 })).length >= count)
  return await internals(app).store.audit.list({ type, limit: 100 })
}

const FROM = { ip: '127.0.0.1', userAgent: 'lightMyRequest' }

t.test('a host receives the events of logins, tokens and their end', async (t) => {
  const { app } = await build(t)
  const heard = hear(app, 'user.registered', 'login.succeeded', 'login.failed', 'token.issued', 'token.revoked', 'session.ended')
  const { access_token: bearer, user } = await signedIn(app)
  const web = (await internals(app).store.clients.findBySlug('web'))!
  await login(app, { email: 'ada@example.com', password: 'wrong' })
  await login(app, { email: 'nobody@example.com' })
  await logout(app, bearer)
  const sid = sessionId({ access_token: bearer })
  t.match(heard, [
    ['user.registered', { userId: user.id, ...FROM }],
    ['login.succeeded', { userId: user.id, clientId: web.id, ...FROM }],
    ['token.issued', { grantType: 'password', clientId: web.id, userId: user.id, sessionId: sid }],
    ['login.failed', { userId: user.id, clientId: web.id, reason: 'wrong_password', ...FROM }],
    ['login.failed', { userId: null, clientId: web.id, reason: 'unknown_user', ...FROM }],
    ['token.revoked', { kind: 'session', subject: sid }],
    ['session.ended', { sessionId: sid, userId: user.id, clientId: web.id, reason: 'logout', ...FROM }]
  ])
  t.equal(heard.length, 7)
  t.notMatch(JSON.stringify(heard), PASSWORD)
})

t.test('a login that lacks the verification is incomplete, and succeeds with it; a request for a new password is told for a user only', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, requireEmailVerification: 'on' })
  const heard = hear(app, 'login.succeeded', 'login.incomplete', 'password.reset_requested', 'identifier.verified')
  const visitor = visit(app)
  await register(app)
  await box.fetch(app)
  const { user_id: userId } = (await sql<{ user_id: string }>(app, 'SELECT user_id FROM identifiers'))[0]!
  t.equal((await logIn(visitor)).statusCode, 403, 'the page that asks for the code')
  t.same(heard, [['login.incomplete', { userId, clientId: null, missing: ['email_verification'], ...FROM }]])
  const [mail] = (await box.fetch(app)).slice(-1)
  const page = await visitor.get('/email/verify')
  t.equal((await visitor.submit(page, { code: codeIn(mail!) })).statusCode, 303)
  t.match(heard.slice(1), [['identifier.verified', { userId }], ['login.succeeded', { userId, clientId: null, ...FROM }]])
  for (const email of ['ada@example.com', 'nobody@example.com']) await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email } })
  t.same(heard.slice(3), [['password.reset_requested', { userId, ...FROM }]])
  for (const type of ['login.incomplete', 'password.reset_requested']) t.match(await written(app, type), [{ userId }])
})

t.test('an unsubscribed handler is not called', async (t) => {
  const { app } = await build(t)
  let count = 0
  const unsubscribe = app.latchkey.on('user.registered', () => { count++ })
  await register(app)
  unsubscribe()
  await register(app, { email: 'grace@example.com' })
  t.equal(count, 1)
})

t.test('a handler that throws or rejects fails no request, and the other handlers are called', async (t) => {
  const { app, logs } = await build(t)
  app.latchkey.on('user.registered', () => { throw new Error('thrown by a handler') })
  app.latchkey.on('user.registered', () => Promise.reject(new Error('rejected by a handler')))
  app.latchkey.on('user.registered', () => new Promise(() => {}))
  const heard = hear(app, 'user.registered')
  t.equal((await register(app)).statusCode, 201)
  t.equal(heard.length, 1)
  t.ok(await eventually(() => logs().includes('thrown by a handler') && logs().includes('rejected by a handler')))
  t.match(logs(), 'A handler of an event failed')
})

t.test('the event of a refused request has a code for the reason, and nothing of the token', async (t) => {
  const { app } = await build(t)
  const heard = hear(app, 'bearer.refused')
  const { access_token: good } = await signedIn(app)
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const own = (await token(app, { grant_type: 'client_credentials' }, machine.basic)).json<Tokens>().access_token
  const claims = JSON.parse(Buffer.from(good.split('.')[1]!, 'base64url').toString()) as object
  const ours = (changes: object, type = 'at+jwt') => internals(app).keys.sign('ES256', { ...claims, ...changes }, type)
  const [head, body] = good.split('.') as [string, string]
  const ended = (await login(app)).json<Tokens>().access_token
  await logout(app, ended)
  const expected: [string, string][] = [
    ['expired', ours({ exp: 1 })],
    ['wrong_issuer', ours({ iss: 'https://evil.example' })],
    ['wrong_audience', ours({ aud: 'https://evil.example' })],
    ['wrong_type', ours({}, 'JWT')],
    ['bad_signature', `${head}.${body}.${'A'.repeat(86)}`],
    ['malformed', 'a.b.c'],
    ['session_revoked', ended],
    ['not_a_user', own],
    ['personal_token', `lk_pat_${'A'.repeat(48)}`]
  ]
  for (const [, text] of expected) t.equal((await profile(app, text)).statusCode, 401)
  t.same(heard.map(([, details]) => details), expected.map(([reason]) => ({ reason })))
  t.match((await app.inject('/metrics')).body, /latchkey_bearer_refusals_total\{reason="expired"\} 1/)
})

t.test('the audit log has the security events, with user, address, agent and reason', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer, refresh_token: text, user } = await signedIn(app)
  const web = (await internals(app).store.clients.findBySlug('web'))!
  await login(app, { email: 'ada@example.com', password: 'wrong' })
  const { access_token: personal, token: { id: tokenId } } = await personalToken(app, bearer)
  const client = (await call(app, 'POST', 'clients', bearer, { name: 'x', redirect: 'https://app.example.com/cb' })).json<{ id: string }>()
  await call(app, 'PUT', `clients/${client.id}`, bearer, { name: 'y', redirect: 'https://app.example.com/cb' })
  await call(app, 'POST', `clients/${client.id}/secret`, bearer, { overlap: 60 })
  await call(app, 'DELETE', `clients/${client.id}`, bearer)
  await call(app, 'DELETE', `personal-access-tokens/${tokenId}`, bearer)
  await call(app, 'PATCH', '/v1/profile', bearer, { name: 'Ada' })
  await call(app, 'PATCH', '/v1/profile/password', bearer, { current_password: PASSWORD, new_password: 'another good password' })
  await app.inject({
    method: 'POST', url: '/v1/clients/web/logout',
    payload: { refresh_token: (await refresh(app, text)).json<Tokens>().refresh_token }
  })
  const rows: [string, object][] = [
    ['user.registered', { userId: user.id }],
    ['login.succeeded', { userId: user.id, clientId: web.id }],
    ['login.failed', { userId: user.id, clientId: web.id, detail: { reason: 'wrong_password' } }],
    ['personal_token.created', { userId: user.id, detail: { tokenId } }],
    ['personal_token.revoked', { userId: user.id, detail: { tokenId } }],
    ['client.created', { userId: user.id, clientId: client.id }],
    ['client.changed', { clientId: client.id }],
    ['client.secret_rotated', { clientId: client.id, detail: { overlap: 60 } }],
    ['client.revoked', { clientId: client.id }],
    ['profile.changed', { userId: user.id, detail: { fields: ['name'] } }],
    ['password.changed', { userId: user.id }],
    ['session.ended', { userId: user.id, clientId: web.id, detail: { reason: 'logout' } }]
  ]
  for (const [type, row] of rows) t.match(await written(app, type), [{ type, ...FROM, ...row }], type)
  const everything = JSON.stringify(await internals(app).store.audit.list({ limit: 1000 }))
  for (const secret of [PASSWORD, 'another good password', personal, bearer, text]) t.notMatch(everything, secret)
})

t.test('a revocation by a client and too many attempts are in the audit log', async (t) => {
  const { app } = await build(t, ON)
  const { basic } = await makeClient(app)
  await register(app)
  const tokens = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic)).json<Tokens>()
  const heard = hear(app, 'session.ended', 'token.revoked')
  for (let index = 0; index < 2; index++) {
    await app.inject({
      method: 'POST', url: '/v1/oauth/revoke', headers: { authorization: basic }, payload: { token: tokens.refresh_token }
    })
  }
  t.same(heard.map(([name]) => name), ['token.revoked', 'session.ended'], 'once: the second time nothing changed')
  t.match(await written(app, 'session.ended'), [{ sessionId: sessionId(tokens), detail: { reason: 'client' } }])
  t.same((await times(30, () => attempt(app))).at(-1), 429)
  const failures = await written(app, 'login.failed', 6)
  const reasons = failures.map(({ detail }) => (detail as { reason: string }).reason)
  t.equal(reasons.filter((reason) => reason === 'wrong_password').length, 5)
  const refused = reasons.filter((reason) => reason === 'too_many_attempts').length
  t.ok(refused === 1 || refused === 2, 'of 25 one line a minute for the user, and one for those whom nobody looks up any more')
})

t.test('a request succeeds when the database refuses the lines of the audit log', async (t) => {
  const { app, logs } = await build(t)
  await internals(app).database.pool.query('ALTER TABLE audit_events RENAME TO elsewhere')
  t.equal((await register(app)).statusCode, 201)
  t.ok(await eventually(() => logs().includes('Audit events are lost')))
  await internals(app).database.pool.query('ALTER TABLE elsewhere RENAME TO audit_events')
  t.equal((await login(app)).statusCode, 200)
  t.equal((await written(app, 'login.succeeded')).length, 1)
})

t.test('a database whose clock was wrong for a moment does not date entries long after', async (t) => {
  const { app } = await build(t)
  const { write, list } = internals(app).store.audit
  // As one whose clock is an hour ahead
  await write([{ type: 'client.created', ago: -3_600_000 }])
  await write([{ type: 'client.changed' }])
  await write([{ type: 'client.revoked', ago: 5000 }])
  const [first, ...later] = await list({ type: 'client.*', limit: 3 })
  t.equal(first!.type, 'client.created')
  t.ok(later.every(({ createdAt }) => createdAt.getTime() < first!.createdAt.getTime() - 3_000_000))
  t.same(later.map(({ type }) => type).sort(), ['client.changed', 'client.revoked'])
})
