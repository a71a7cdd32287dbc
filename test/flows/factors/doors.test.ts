import t, { type Test } from 'tap'
import Fastify from 'fastify'
import { internals } from '../../../plugins/internals.ts'
import { clientProxy } from '../../../src/index.ts'
import { actingAs } from '../../../src/testing.ts'
import { APP_CALLBACK, startAppUpstream, tokensOf } from '../../support/app-upstream.ts'
import { requestDeletion, restore } from '../../support/deletion.ts'
import { asked, makeTv, poll } from '../../support/device.ts'
import { addTotp, challenge, codeOf, enrolled, halfLogin, send, wrongCode } from '../../support/factors.ts'
import { createMailbox, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, claimsOf, cookieOf, login, makeClient, PASSWORD, register, type Tokens } from '../../support/start-server.ts'
import { CLIENT, pathOf, startUpstream, through } from '../../support/upstream.ts'
import { logIn, visit } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }

/** A server whose only user has registered at a provider, and has an authenticator app. */
async function upstreamWorld (t: Test) {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/acme/callback'])
  const { app } = await build(t, { social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme' } } })
  const visitor = visit(app)
  await visitor.get(pathOf(await through(await visitor.get('/v1/auth/acme/redirect'), ADA, upstream)))
  return { app, upstream, secret: await secretFor(app) }
}

async function secretFor (app: Parameters<typeof actingAs>[0]): Promise<string> {
  const [user] = await sql<{ id: string }>(app, 'SELECT id FROM users')
  return (await addTotp(app, (await actingAs(app, user!.id, ['*'])).authorization.slice('Bearer '.length))).secret
}

t.test('door: a login at a provider on our pages asks for the factor of our account', async (t) => {
  const { app, upstream, secret } = await upstreamWorld(t)
  const visitor = visit(app)
  const asked = await visitor.get(pathOf(await through(await visitor.get('/v1/auth/acme/redirect?return_to=%2Faccount'), ADA, upstream)))
  t.match([asked.statusCode, asked.body], [200, 'Enter your code'])
  t.notOk(visitor.cookies.has('latchkey'))
  const done = await visitor.submit(asked, { code: codeOf(app, secret) })
  t.match([done.statusCode, done.headers.location], [303, '/account'])
  t.match(await sql(app, "SELECT amr FROM browser_sessions WHERE amr @> '{mfa}' AND revoked_at IS NULL"), [{ amr: ['fed', 'otp', 'mfa'] }])
  t.equal((await sql(app, "SELECT FROM upstream_sessions WHERE provider = 'acme'")).length >= 1, true, 'it still belongs to the login at the provider')
})

t.test('door: a login at a provider for a client proxy asks on our page first', async (t) => {
  const { app, upstream, secret } = await upstreamWorld(t)
  const page = 'https://app.example.com/welcome'
  await sql(app, "UPDATE clients SET redirect_uris = $1 WHERE slug = 'web'", [[page]])
  const visitor = visit(app)
  const started = await visitor.get(`/v1/auth/acme/redirect?${new URLSearchParams({ client: 'web', return_to: page })}`)
  const asked = await visitor.get(pathOf(await through(started, ADA, upstream)))
  t.match(asked.body, 'Enter your code')
  t.notOk(cookieOf(asked))
  const done = await visitor.follow(await visitor.submit(asked, { code: codeOf(app, secret) }))
  t.equal(done.headers.location, page)
  t.ok(cookieOf(done))
  t.match(await sql(app, "SELECT s.amr FROM sessions s JOIN clients c ON c.id = s.client_id WHERE c.slug = 'web'"), [{ amr: ['fed', 'otp', 'mfa'] }])
})

t.test('door: a login of an app with a proof of a provider', async (t) => {
  const upstream = await startAppUpstream(t, { introspection: true })
  const { app } = await build(t, { social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme', redirectUris: [APP_CALLBACK] } } })
  const enter = async () => await app.inject({
    method: 'POST', url: '/v1/auth/acme', payload: { client: 'web', id_token: (await tokensOf(upstream, ADA)).id_token }
  })
  t.equal((await enter()).statusCode, 200)
  const secret = await secretFor(app)
  const refused = await enter()
  t.match([refused.statusCode, refused.json()], [403, { code: 'LK_INSUFFICIENT_AUTHORIZATION', factors: ['totp', 'recovery_code'] }])
  t.notOk(cookieOf(refused))
  const { auth_session: authSession } = refused.json<{ auth_session: string }>()
  const done = await challenge(app, { auth_session: authSession, code: codeOf(app, secret) })
  t.match(claimsOf(done.json<Tokens>().access_token), { amr: ['fed', 'otp', 'mfa'], acr: 'mfa' })
})

t.test('door: a new password by mail logs nobody in without the factor', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  const { secret } = await enrolled(app)
  await mailbox.fetch(app)
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: 'ada@example.com' } })
  const [mail] = await mailbox.fetch(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const next = 'another horse battery staple'
  const set = await app.inject({ method: 'POST', url: '/v1/password/reset', payload: { email: 'ada@example.com', token: tokenIn(mail!), password: next } })
  t.equal(set.statusCode, 204)
  const refused = await login(app, { email: 'ada@example.com', password: next })
  t.match(refused.json(), { code: 'LK_INSUFFICIENT_AUTHORIZATION' })
  const { auth_session: authSession } = refused.json<{ auth_session: string }>()
  t.equal((await challenge(app, { auth_session: authSession, code: codeOf(app, secret) })).statusCode, 200)
})

t.test('door: the first proof of an address from elsewhere removes the factors that somebody else may have prepared', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  await enrolled(app)
  await mailbox.fetch(app)
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: 'ada@example.com' } })
  const [mail] = await mailbox.fetch(app)
  const next = 'another horse battery staple'
  await app.inject({ method: 'POST', url: '/v1/password/reset', payload: { email: 'ada@example.com', token: tokenIn(mail!), password: next } })
  t.equal((await login(app, { email: 'ada@example.com', password: next })).statusCode, 200)
  t.same([await sql(app, 'SELECT FROM factors'), await sql(app, 'SELECT FROM recovery_codes')], [[], []])
})

t.test('door: an account that was to be deleted is restored by the password, and still asks for the factor', async (t) => {
  const { app } = await build(t)
  const ada = await enrolled(app)
  await requestDeletion(app, ada.access_token)
  const refused = await login(app)
  t.match(refused.json(), { code: 'LK_DELETION_SCHEDULED' })
  const { auth_session: authSession } = refused.json<{ auth_session: string }>()
  const early = await challenge(app, { auth_session: authSession, code: codeOf(app, ada.secret) })
  t.match([early.statusCode, early.json()], [403, { code: 'LK_DELETION_SCHEDULED' }], 'the restoration comes first')
  t.equal((await restore(app, authSession)).statusCode, 200)
  t.match((await login(app)).json(), { code: 'LK_INSUFFICIENT_AUTHORIZATION' })
  const done = await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, ada.secret) })
  await requestDeletion(app, done.json<Tokens>().access_token)
  const visitor = visit(app)
  const question = await logIn(visitor)
  const next = await visitor.submit(question, { decision: 'restore' })
  t.match(next.body, 'Enter your code', 'on the page, too')
  t.notOk(visitor.cookies.has('latchkey'))
})

t.test('door: an address that must be verified comes before the factor, and does not stand in for it', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, { ...mailbox.options, requireEmailVerification: 'on' })
  await register(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const tokens = (await login(app)).json<Tokens>()
  const { secret } = await addTotp(app, tokens.access_token)
  await sql(app, 'UPDATE identifiers SET verified_at = NULL')
  const refused = await login(app)
  t.match(refused.json(), { code: 'LK_EMAIL_NOT_VERIFIED' })
  const { auth_session: authSession } = refused.json<{ auth_session: string }>()
  t.match((await challenge(app, { auth_session: authSession, code: codeOf(app, secret) })).json(), { code: 'LK_EMAIL_NOT_VERIFIED' })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  t.match((await login(app)).json(), { code: 'LK_INSUFFICIENT_AUTHORIZATION' })
})

t.test('doors: a session from before factors were on approves no device and creates no personal access token', async (t) => {
  const { app, databaseUrl } = await build(t)
  const ada = await enrolled(app)
  const { app: off } = await build(t, { databaseUrl, factors: 'off' })
  const { id } = await makeTv(app)
  const { device_code: deviceCode, user_code: userCode } = await asked(app, { client_id: id })
  const visitor = visit(off)
  t.equal((await logIn(visitor)).statusCode, 303)
  const stale = visit(app)
  for (const [name, value] of visitor.cookies) stale.cookies.set(name, value)
  const question = await stale.follow(await stale.submit(await stale.get('/device'), { user_code: userCode }))
  const refused = await stale.submit(question, { decision: 'allow' })
  t.match([refused.statusCode, refused.body], [403, 'Enter your code'])
  t.match((await poll(app, id, deviceCode)).json(), { error: 'authorization_pending' })
  const { access_token: token } = (await login(off)).json<Tokens>()
  const made = await send(app, 'POST', '/v1/oauth/personal-access-tokens', token, { name: 'x' })
  t.match(made.json(), { code: 'LK_INSUFFICIENT_AUTHORIZATION' })
  t.equal((await send(app, 'POST', '/v1/oauth/personal-access-tokens', ada.access_token, { name: 'x' })).statusCode < 300, true)
})

t.test('the statements that create a session refuse a user with a factor that was not proven', async (t) => {
  const { app } = await build(t)
  const { user } = await enrolled(app)
  const { store } = internals(app)
  const { passwordStamp } = (await store.users.find(user.id))!
  const { client } = await makeClient(app)
  const common = { userId: user.id, passwordStamp, amr: ['pwd'], ttl: 60, caller: { ip: '127.0.0.1', userAgent: undefined } }
  const id = '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'
  const session = { ...common, id, clientId: client.id, scopes: [], resources: [], secretHash: new Uint8Array(32) }
  t.equal(await store.sessions.create(session), null)
  t.equal(await store.browserSessions.create({ ...common, id, tokenHash: new Uint8Array(32), authTime: new Date(), remember: false }), null)
})

t.test('a remote client proxy passes the question and the answer on', async (t) => {
  const { app } = await build(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { id, secret } = await makeClient(app, { trustedProxy: true })
  const ada = await enrolled(app)
  const front = Fastify()
  t.teardown(() => front.close())
  await front.register(clientProxy, { issuer: internals(app).config.issuer, clients: { web: { id, secret } } })
  const refused = await login(front)
  t.match([refused.statusCode, refused.json()], [403, {
    code: 'LK_INSUFFICIENT_AUTHORIZATION', auth_session: /^lk_as_/, factors: ['totp', 'recovery_code']
  }])
  const { auth_session: authSession } = refused.json<{ auth_session: string }>()
  const wrong = await challenge(front, { auth_session: authSession, code: wrongCode(app, ada.secret) })
  t.match(wrong.json(), { statusCode: 401, code: 'LK_INVALID_CREDENTIALS' })
  const unknown = await challenge(front, { auth_session: `lk_as_${'x'.repeat(43)}`, code: '123456' })
  t.match(unknown.json(), { statusCode: 403, code: 'LK_INVALID_TOKEN' })
  const done = await challenge(front, { auth_session: authSession, code: codeOf(app, ada.secret) })
  t.equal(done.statusCode, 200)
  t.ok(cookieOf(done))
  t.equal((await login(app, { email: 'ada@example.com', password: `${PASSWORD}x` })).statusCode, 401)
})
