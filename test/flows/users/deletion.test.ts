import Fastify from 'fastify'
import t from 'tap'
import { internals } from '../../../plugins/internals.ts'
import { clientProxy } from '../../../src/index.ts'
import { actingAs, actingInBrowser, advanceTime } from '../../../src/testing.ts'
import { DAY, leavingLogin, requestDeletion, restore } from '../../support/deletion.ts'
import { asked, makeTv, poll } from '../../support/device.ts'
import { call, personalToken } from '../../support/machines.ts'
import { createMailbox, linkIn, tokenIn } from '../../support/mailbox.ts'
import { rotated, sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import {
  cookieOf, createDatabase, eventually, login, makeClient, PASSWORD, profile, refresh, register, signedIn, token, type Tokens
} from '../../support/start-server.ts'
import { authorize, authorizeUrl, CALLBACK, logIn, makeApp, paramsOf, VERIFIER, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const EMAIL = 'ada@example.com'

t.test('everything ends at once in every process, and the answer and a mail say until when it can be restored', async (t) => {
  const mailbox = createMailbox()
  const databaseUrl = await createDatabase(t)
  const [{ app }, { app: other }] = [await build(t, { ...mailbox.options, databaseUrl }), await build(t, { databaseUrl })]
  const tokens = await signedIn(app)
  const second = (await login(app)).json<Tokens>()
  const { access_token: personal } = await personalToken(app, tokens.access_token)
  const visitor = visit(other)
  await logIn(visitor)
  await mailbox.fetch(app)
  const events: object[] = []
  app.latchkey.on('user.deletion_requested', (event) => { events.push(event) })

  const answer = await requestDeletion(app, tokens.access_token)
  t.equal(answer.statusCode, 202, answer.body)
  t.equal(answer.headers['cache-control'], 'no-store')
  t.match(cookieOf(answer)?.header, /^refreshToken=;/, 'the cookie of its proxy is cleared')
  const { restorable_until: until } = answer.json<{ restorable_until: string }>()
  t.ok(Math.abs(Date.parse(until) - Date.now() - 14 * DAY * 1000) < 60_000)
  t.match(events, [{ userId: tokens.user.id, ip: '127.0.0.1' }])

  for (const process of [app, other]) {
    for (const accessToken of [tokens.access_token, second.access_token, personal]) {
      t.ok(await eventually(async () => (await profile(process, accessToken)).statusCode === 401, 1000))
    }
    t.equal((await refresh(process, second.refresh_token)).statusCode, 401)
  }
  t.equal((await visitor.get('/account')).statusCode, 303)
  const [mail] = await mailbox.fetch(app)
  t.match(mail, { to: EMAIL, subject: /will be deleted/ })
  t.equal(linkIn(mail!), 'http://localhost:3000/login')
  t.equal((await requestDeletion(app, tokens.access_token)).statusCode, 401, 'nobody is left who could ask again')
})

t.test('no door opens: passwords lead to the restoration, a wrong one says nothing', async (t) => {
  const { app } = await build(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const tokens = await signedIn(app)
  const client = await makeClient(app)
  const host = Fastify()
  t.teardown(() => host.close())
  await host.register(clientProxy, { issuer: internals(app).config.issuer, clients: { web: { id: client.id, secret: client.secret } } })
  await requestDeletion(app, tokens.access_token)
  const grant = (password: string) => token(app, { grant_type: 'password', username: EMAIL, password }, client.basic)

  t.same((await grant('wrong')).json(), { error: 'invalid_grant', error_description: 'The user credentials were incorrect' })
  const granted = await grant(PASSWORD)
  t.match([granted.statusCode, granted.json()], [400, { error: 'invalid_grant', code: 'LK_DELETION_SCHEDULED', auth_session: /^lk_as_/ }])
  for (const proxy of [app, host]) {
    const wrong = await login(proxy, { email: EMAIL, password: 'wrong' })
    t.same(wrong.json(), (await login(proxy, { email: 'nobody@example.com' })).json())
    const refused = await login(proxy)
    t.match([refused.statusCode, refused.json()], [403, { code: 'LK_DELETION_SCHEDULED', auth_session: /^lk_as_/ }])
    t.equal(cookieOf(refused), undefined)
  }
  await t.rejects(actingAs(app, tokens.user.id), 'nor does a session by another way')
  await t.rejects(actingInBrowser(app, tokens.user.id))
  t.match((await register(app)).json(), { errors: { email: [/taken/] } })
  t.same(await sql(app, 'SELECT FROM sessions WHERE created_at > (SELECT deletion_requested_at FROM users WHERE deletion_requested_at IS NOT NULL)'), [])
})

t.test('codes, devices and links that are out when the deletion is requested have no effect', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  const tokens = await signedIn(app)
  await mailbox.fetch(app)
  await call(app, 'POST', '/v1/email/verification-notification', tokens.access_token, {})
  const [verification] = await mailbox.fetch(app)
  const visitor = visit(app)
  await logIn(visitor)
  const client = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id))
  const tv = await makeTv(app)
  const waiting = await asked(app, { client_id: tv.id })
  const question = await visitor.follow(await visitor.submit(await visitor.get('/device'), { user_code: waiting.user_code }))
  await visitor.follow(await visitor.submit(question, { decision: 'allow' }))
  await call(app, 'POST', '/v1/password/forgot', undefined, { email: EMAIL })
  const [reset] = await mailbox.fetch(app)

  await requestDeletion(app, tokens.access_token)
  const redeemed = await token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic)
  t.match(redeemed.json(), { error: 'invalid_grant' })
  t.match((await poll(app, tv.id, waiting.device_code)).json(), { error: /./ })
  const set = await call(app, 'POST', '/v1/password/reset', undefined, { email: EMAIL, token: tokenIn(reset!), password: 'another correct horse' })
  t.match([set.statusCode, set.json()], [403, { code: 'LK_INVALID_TOKEN' }])
  const verified = await call(app, 'POST', `/v1/email/verify/${tokens.user.id}/${tokenIn(verification!)}`, undefined, {})
  t.match([verified.statusCode, verified.json()], [403, { code: 'LK_INVALID_TOKEN' }])
  t.equal((await visitor.get(authorizeUrl(client.id))).headers.location?.startsWith('/login'), true)
})

t.test('a forgotten password can be reset during the grace: it restores nothing and opens nothing', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  const tokens = await signedIn(app)
  await requestDeletion(app, tokens.access_token)
  await mailbox.fetch(app)
  t.equal((await call(app, 'POST', '/v1/password/forgot', undefined, { email: EMAIL })).statusCode, 204)
  const [reset] = await mailbox.fetch(app)
  const payload = { email: EMAIL, token: tokenIn(reset!), password: 'another correct horse' }
  t.equal((await call(app, 'POST', '/v1/password/reset', undefined, payload)).statusCode, 204)
  t.equal((await login(app)).statusCode, 401)
  const text = await leavingLogin(app, { email: EMAIL, password: payload.password })
  t.equal((await restore(app, text)).statusCode, 200)
  t.equal((await login(app, { email: EMAIL, password: payload.password })).statusCode, 200)
})

t.test('the login restores, with a mail and an event; what was there is there again, tokens of before are not', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  const tokens = await signedIn(app)
  const { access_token: personal } = await personalToken(app, tokens.access_token)
  const own = await makeApp(app, { ownerId: tokens.user.id, grantTypes: ['client_credentials'] })
  await requestDeletion(app, tokens.access_token)
  t.equal((await token(app, { grant_type: 'client_credentials' }, own.basic)).statusCode, 200, 'a client of the user goes on until the end')
  await mailbox.fetch(app)
  const events: object[] = []
  app.latchkey.on('user.restored', (event) => { events.push(event) })
  const answer = await restore(app, await leavingLogin(app))
  t.match([answer.statusCode, answer.json()], [200, { message: /restored/ }])
  t.match((await mailbox.fetch(app)).map(({ subject }) => subject), [/is restored/])
  t.match(events, [{ userId: tokens.user.id }])
  for (const old of [tokens.access_token, personal]) t.equal((await profile(app, old)).statusCode, 401)
  const fresh = (await login(app)).json<Tokens>()
  t.match((await profile(app, fresh.access_token)).json(), { id: tokens.user.id, email: EMAIL })
  t.match((await call(app, 'GET', '/v1/profile/history', fresh.access_token)).statusCode, 200)
  t.ok(await eventually(async () =>
    (await call(app, 'GET', '/v1/profile/history', fresh.access_token)).json<{ entries: { type: string }[] }>().entries
      .filter(({ type }) => ['user.deletion_requested', 'user.restored'].includes(type)).length === 2))
  t.ok(await eventually(async () =>
    (await call(app, 'GET', '/v1/profile/history', fresh.access_token)).json<{ entries: { type: string, reason: string | null }[] }>().entries
      .some(({ type, reason }) => type === 'login.incomplete' && reason === 'restoration')))
})

t.test('of two at once: one deletion, one restoration', async (t) => {
  const mailbox = createMailbox()
  const databaseUrl = await createDatabase(t)
  const options = { ...mailbox.options, databaseUrl }
  const [{ app }, { app: other }] = [await build(t, options), await build(t, options)]
  await signedIn(app)
  const events: string[] = []
  for (const process of [app, other]) {
    for (const name of ['user.deletion_requested', 'user.restored'] as const) process.latchkey.on(name, () => { events.push(name) })
  }
  for (let round = 0; round < 5; round++) {
    const logins = [await login(app), await login(other)].map((answer) => answer.json<Tokens>().access_token)
    await mailbox.fetch(app)
    const answers = await Promise.all([requestDeletion(app, logins[0]!), requestDeletion(other, logins[1]!)])
    t.ok(answers.some(({ statusCode }) => statusCode === 202))
    t.ok(answers.every(({ statusCode }) => [202, 401].includes(statusCode)))
    const [text, also] = [await leavingLogin(app), await leavingLogin(other)]
    const restored = await Promise.all([restore(app, text), restore(other, also)])
    t.same(restored.map(({ statusCode }) => statusCode).sort(), [200, 403])
    t.equal((await mailbox.fetch(app)).length, 2, 'one mail each')
  }
  t.equal(events.length, 10)
})

t.test('an auth session restores nothing for another user, twice, or when it has expired', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  await requestDeletion(app, tokens.access_token)
  const text = await leavingLogin(app)
  for (const wrong of ['lk_as_x', 'nonsense', `lk_as_${'A'.repeat(43)}`]) {
    t.match([(await restore(app, wrong)).statusCode, wrong], [403, wrong])
  }
  t.match((await call(app, 'POST', '/v1/profile/restore', undefined, {})).json(), { statusCode: 422, errors: { auth_session: [/required/] } })
  await advanceTime(app, 601)
  t.equal((await restore(app, text)).statusCode, 403)
  const next = await leavingLogin(app)
  t.equal((await restore(app, next)).statusCode, 200)
  t.equal((await restore(app, next)).statusCode, 403)
})

t.test('it wants a login of the last 10 minutes, or the current password', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  await sql(app, "UPDATE sessions SET auth_time = auth_time - interval '11 minutes'")
  const { access_token: old } = await rotated(app, tokens.refresh_token)
  const refused = await requestDeletion(app, old)
  t.match(refused.json(), { statusCode: 401, code: 'LK_LOGIN_TOO_OLD' })
  t.match(refused.headers['www-authenticate'], /error="insufficient_user_authentication".*max_age="600"/)
  t.match((await requestDeletion(app, old, { current_password: 'wrong' })).json(), { statusCode: 422, errors: { current_password: [/./] } })
  t.equal((await profile(app, old)).statusCode, 200)
  t.equal((await requestDeletion(app, old, { current_password: PASSWORD })).statusCode, 202)
})

t.test('a third-party token, a personal token and a guest cannot ask', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  const { access_token: personal } = await personalToken(app, tokens.access_token, { scopes: ['*'] })
  t.equal((await requestDeletion(app, personal, { current_password: PASSWORD })).statusCode, 403)
  t.equal((await call(app, 'DELETE', '/v1/profile')).statusCode, 401)
  const headers = await actingInBrowser(app, tokens.user.id)
  const forged = { ...headers, 'content-type': 'application/json', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  t.equal((await app.inject({ method: 'DELETE', url: '/v1/profile', headers: forged, payload: {} })).statusCode, 403)
  const answer = await app.inject({
    method: 'DELETE', url: '/v1/profile', headers: { ...headers, 'content-type': 'application/json' }, payload: {}
  })
  t.equal(answer.statusCode, 202, answer.body)
  t.match(answer.cookies, [{ name: 'latchkey', value: '', maxAge: 0 }])
})

t.test('the host may refuse with a reason, and a hook that fails is 503', async (t) => {
  const seen: unknown[] = []
  let outcome: () => Promise<{ reason: string } | undefined> = async () => ({ reason: 'You have open orders.' })
  const { app } = await build(t, { beforeDelete: (user) => { seen.push(user); return outcome() } })
  const tokens = await signedIn(app)
  const refused = await requestDeletion(app, tokens.access_token)
  t.match([refused.statusCode, refused.json()], [422, { errors: { account: ['You have open orders.'] } }])
  t.match(seen, [{ id: tokens.user.id, name: null, attributes: { email: EMAIL }, ip: '127.0.0.1' }])
  outcome = async () => { throw new Error('the secret of the host') }
  const failed = await requestDeletion(app, tokens.access_token)
  t.match([failed.statusCode, failed.json()], [503, { code: 'LK_DELETION_UNAVAILABLE' }])
  t.notMatch(failed.body, 'secret')
  t.equal((await profile(app, tokens.access_token)).statusCode, 200, 'nothing has changed')
  outcome = async () => undefined
  t.equal((await requestDeletion(app, tokens.access_token)).statusCode, 202)
  await t.rejects(build(t, { beforeDelete: 'x' as never }), /beforeDelete.*must be a function/)
})

t.test('when the days are over the login is refused like a wrong one, before the purge, too', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  await requestDeletion(app, tokens.access_token)
  await advanceTime(app, 14 * DAY - 60)
  const text = await leavingLogin(app)
  await advanceTime(app, 61)
  t.equal((await restore(app, text)).statusCode, 403)
  t.same((await login(app)).json(), (await login(app, { email: 'nobody@example.com' })).json())
})

t.test('the deletion of one user touches no other', async (t) => {
  const { app } = await build(t)
  const [ada, eve] = [await signedIn(app), await signedIn(app, { email: 'eve@example.com' })]
  await requestDeletion(app, ada.access_token)
  t.equal((await profile(app, eve.access_token)).statusCode, 200)
  t.equal((await refresh(app, eve.refresh_token)).statusCode, 200)
  t.equal((await login(app, { email: 'eve@example.com' })).statusCode, 200)
})
