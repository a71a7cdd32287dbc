import t from 'tap'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { createUser } from '../../../src/testing/users.ts'
import { codeIn, createMailbox, createPhones, tokenIn } from '../../support/mailbox.ts'
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

t.test('nor does a registration that mails a link', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, databasePoolSize: 1, rateLimit: 'on' })
  t.equal((await register(app)).statusCode, 201)
  t.equal((await box.fetch(app)).length, 1)
})
