import t from 'tap'
import { createMailbox, tokenIn } from '../../support/mailbox.ts'
import { build, login, PASSWORD, profile, refresh, signedIn, token } from '../../support/start-server.ts'
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
