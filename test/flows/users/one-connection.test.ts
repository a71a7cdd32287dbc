import t from 'tap'
import { Type } from 'typebox'
import { advanceTime } from '../../../src/testing.ts'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { createUser } from '../../../src/testing/users.ts'
import { DAY, DAYS_OF_GRACE, leavingLogin, purgeNow, requestDeletion, restore } from '../../support/deletion.ts'
import { codeIn, createMailbox, createPhones, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, makeClient, PASSWORD, profile, refresh, register, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { CALLBACK, letIn, logIn, makeApp, visit } from '../../support/visitor.ts'

const NEXT = 'another horse battery staple'

// A request that holds a connection and waits for another one hangs as soon as there are as many of them as connections
t.test('no request needs two database connections at once', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, databasePoolSize: 1, resetUrls: [CALLBACK] })
  const post = (url: string, payload: object, headers: Record<string, string> = {}) => app.inject({ method: 'POST', url, payload, headers })

  const { user, ...tokens } = await signedIn(app)
  const bearer = { authorization: `Bearer ${tokens.access_token}` }
  await box.fetch(app)
  t.equal((await post('/v1/email/verification-notification', {}, bearer)).statusCode, 202)
  const [verification] = await box.fetch(app)
  t.equal((await post(`/v1/email/verify/${user.id}/${tokenIn(verification!)}`, {}, bearer)).statusCode, 200)
  t.equal((await app.inject({ method: 'PATCH', url: '/v1/profile', payload: { name: 'Ada' }, headers: bearer })).statusCode, 200)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 200)

  await box.fetch(app)
  t.equal((await post('/v1/password/forgot', { email: 'ada@example.com' })).statusCode, 204)
  const [reset] = await box.fetch(app)
  t.equal((await post('/v1/password/reset', { email: 'ada@example.com', token: tokenIn(reset!), password: NEXT })).statusCode, 204)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  const again = (await login(app, { email: 'ada@example.com', password: NEXT })).json<{ access_token: string }>()
  const changed = await app.inject({
    method: 'PATCH', url: '/v1/profile/password', headers: { authorization: `Bearer ${again.access_token}` },
    payload: { current_password: NEXT, new_password: PASSWORD }
  })
  t.equal(changed.statusCode, 200)

  const visitor = visit(app)
  t.equal((await logIn(visitor)).statusCode, 303)
  const client = await makeApp(app)
  const theirs = await letIn(app, visitor, client, 'openid offline_access')
  t.equal((await token(app, { grant_type: 'refresh_token', refresh_token: theirs.refresh_token }, client.basic)).statusCode, 200)
  t.equal((await visitor.submit(await visitor.get('/account/sessions/end-others'))).statusCode, 303)
})

t.test('nor does a registration that waits for its address, a code, an invitation or a text message', async (t) => {
  const [box, phones] = [createMailbox(), createPhones()]
  const { app } = await build(t, {
    ...box.options, ...phones.options, databasePoolSize: 1, rateLimit: 'on', requireEmailVerification: 'on', login: { attributes: readyAttributes }
  })
  const post = (url: string, payload: object, headers: Record<string, string> = {}) => app.inject({ method: 'POST', url: `/v1${url}`, payload, headers })

  const registered = await register(app, { email: 'ada@example.com', username: 'ada' })
  t.equal(registered.statusCode, 202)
  const [mail] = await box.fetch(app)
  const { auth_session: authSession } = registered.json<{ auth_session: string }>()
  t.equal((await post('/email/verify', { code: codeIn(mail!), auth_session: authSession })).statusCode, 200)
  t.equal((await register(app, { email: 'ada@example.com', username: 'eve' })).statusCode, 202, 'taken')
  t.equal((await register(app, { email: 'bob@example.com', username: 'ada' })).statusCode, 422, 'taken, and told')
  await createUser(app, { email: 'grace@example.com' })
  const refused = await login(app, { email: 'grace@example.com' })
  t.equal(refused.statusCode, 403)
  t.equal((await post('/email/verification-notification', refused.json())).statusCode, 202)

  const { access_token: access } = (await login(app)).json<Tokens>()
  const bearer = { authorization: `Bearer ${access}` }
  t.equal((await app.inject({
    method: 'PATCH', url: '/v1/profile', headers: bearer, payload: { phone: '+4915112345678', current_password: PASSWORD }
  })).statusCode, 200)
  t.equal((await post('/phone/verification-notification', {}, bearer)).statusCode, 202)
  t.equal((await post('/phone/verify', { code: '000000' }, bearer)).statusCode, 403)

  const machine = await makeClient(app, { grantTypes: ['client_credentials'], firstParty: false, scopes: ['users:invite'] })
  const issued = (await token(app, { grant_type: 'client_credentials', scope: 'users:invite' }, machine.basic)).json<Tokens>()
  await box.fetch(app)
  t.equal((await post('/invitations', { email: 'linus@example.com' }, { authorization: `Bearer ${issued.access_token}` })).statusCode, 201)
  const invitation = tokenIn((await box.fetch(app)).find(({ to }) => to === 'linus@example.com')!)
  t.equal((await register(app, { username: 'linus', invitation })).statusCode, 201)
  t.equal((await register(app, { username: 'linus', invitation })).statusCode, 403)
})

t.test('nor does a change that is confirmed and undone, a deletion, its change of mind, the terms, or a purge', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, {
    ...box.options, databasePoolSize: 1, rateLimit: 'on', login: { attributes: readyAttributes },
    profile: Type.Object({ company: Type.Optional(Type.String({ maxLength: 40 })) })
  })
  const send = (method: 'POST' | 'PATCH' | 'DELETE', url: string, payload: object, access?: string) =>
    app.inject({ method, url: `/v1${url}`, payload, ...(access !== undefined && { headers: { authorization: `Bearer ${access}` } }) })
  const mailTo = async (address: string) => (await box.fetch(app)).find(({ to }) => to === address)!

  const { user, access_token: access } = await signedIn(app, { email: 'ada@example.com', username: 'ada' })
  await mailTo('ada@example.com')
  const asked = await send('PATCH', '/profile', { email: 'ada@new.example', username: 'lovelace', locale: 'de', profile: { company: 'Acme' } }, access)
  t.equal(asked.statusCode, 200)
  const confirmation = await mailTo('ada@new.example')
  t.equal((await send('POST', '/email/verify', { code: codeIn(confirmation) }, access)).statusCode, 200)
  const notice = await mailTo('ada@example.com')
  t.equal((await send('POST', `/email/undo/${user.id}/${tokenIn(notice)}`, {})).statusCode, 200)
  await advanceTime(app, 120)
  const reset = await send('POST', '/password/forgot', { email: 'ada@example.com' })
  t.equal(reset.statusCode, 204)
  const token = tokenIn((await box.fetch(app)).find(({ subject }) => /Passwort|password/.test(subject))!)
  t.equal((await send('POST', '/password/reset', { email: 'ada@example.com', token, password: NEXT })).statusCode, 204)

  const again = (await login(app, { email: 'ada@example.com', password: NEXT })).json<Tokens>()
  t.equal((await send('DELETE', '/profile', { current_password: NEXT }, again.access_token)).statusCode, 202)
  const authSession = await leavingLogin(app, { email: 'ada@example.com', password: NEXT })
  t.equal((await restore(app, authSession)).statusCode, 200)
  const last = (await login(app, { email: 'ada@example.com', password: NEXT })).json<Tokens>()
  t.equal((await requestDeletion(app, last.access_token)).statusCode, 202)
  await advanceTime(app, (DAYS_OF_GRACE + 1) * DAY)
  t.equal((await purgeNow(app))?.['users'], 1)
})

t.test('nor does a corrected address, or the terms, or the question before a deletion, on the pages', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, {
    ...box.options, databasePoolSize: 1, rateLimit: 'on', requireEmailVerification: 'on', login: { attributes: readyAttributes },
    terms: { version: '2', url: 'https://example.com/terms' }
  })
  await createUser(app, { email: 'taken@example.com' })
  for (const [from, to] of [['typo@example.com', 'ada@example.com'], ['taken@example.com', 'bob@example.com']] as const) {
    const visitor = visit(app)
    const typed = { email: from, username: to.slice(0, 3), password: PASSWORD, terms_accepted: 'true' }
    const page = await visitor.follow(await visitor.submit(await visitor.get('/register'), typed))
    const next = await visitor.follow(await visitor.submit(page, { address: to, password: PASSWORD }))
    t.match(next.body, to)
    const mail = (await box.fetch(app)).find((mail) => mail.to === to)!
    t.equal((await visitor.submit(next, { code: codeIn(mail) })).statusCode, 303)
    t.equal((await visitor.get('/account')).statusCode, 200)
    const question = await visitor.get('/account/data/delete')
    t.equal((await visitor.submit(question)).headers.location, '/account/deleted')
    const refused = await logIn(visitor, '/login', { username: to })
    t.equal((await visitor.submit(refused, { decision: 'restore' })).statusCode, 303)
  }
  const guest = visit(app)
  await createUser(app, { email: 'grace@example.com' })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const terms = await guest.follow(await logIn(guest, '/login', { username: 'grace@example.com' }))
  t.match((await guest.submit(terms, { terms_accepted: 'true' })).statusCode, 303)
})

t.test('nor does a registration that mails a link', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, databasePoolSize: 1, rateLimit: 'on' })
  t.equal((await register(app)).statusCode, 201)
  t.equal((await box.fetch(app)).length, 1)
})
