import t from 'tap'
import { build, logout, makeClient, profile, refresh, signedIn, token, type Tokens } from '../helper.ts'

const revoke = (app: Awaited<ReturnType<typeof build>>['app'], params: Record<string, string>, authorization?: string) => app.inject({
  method: 'POST',
  url: '/v1/oauth/revoke',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...(authorization && { authorization }) },
  payload: new URLSearchParams(params).toString()
})

t.test('RFC 7009 section 2.1: a refresh token ends its session, access tokens included', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app)
  await signedIn(app)
  const mine = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple' }, basic)).json<Tokens>()
  const answer = await revoke(app, { token: mine.refresh_token, token_type_hint: 'refresh_token' }, basic)
  t.equal(answer.statusCode, 200, answer.body)
  t.equal((await profile(app, mine.access_token)).statusCode, 401)
  t.match((await token(app, { grant_type: 'refresh_token', refresh_token: mine.refresh_token }, basic)).json(), { error: 'invalid_grant' })
})

t.test('RFC 7009 section 2.1: an access token of a session ends the session', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app)
  await signedIn(app)
  const mine = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple' }, basic)).json<Tokens>()
  t.equal((await revoke(app, { token: mine.access_token }, basic)).statusCode, 200)
  t.equal((await profile(app, mine.access_token)).statusCode, 401)
  t.match((await token(app, { grant_type: 'refresh_token', refresh_token: mine.refresh_token }, basic)).json(), { error: 'invalid_grant' })
})

t.test('RFC 7009 section 2.1: a token of another client is not revoked', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app)
  const theirs = await signedIn(app)
  t.match((await revoke(app, { token: theirs.access_token }, basic)).json(), { error: 'invalid_grant' })
  await revoke(app, { token: theirs.refresh_token }, basic)
  t.equal((await profile(app, theirs.access_token)).statusCode, 200)
  t.equal((await refresh(app, theirs.refresh_token)).statusCode, 200)
})

t.test('RFC 7009 section 2.2: what is no token is no error', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app)
  for (const text of ['nonsense', 'lk_rt_AAAA', 'a.b.c', 'x'.repeat(5000)]) t.equal((await revoke(app, { token: text }, basic)).statusCode, 200, text.slice(0, 20))
  t.match((await revoke(app, {}, basic)).json(), { error: 'invalid_request' })
  t.match((await revoke(app, { token: 'x' })).json(), { error: 'invalid_request' })
  t.match((await revoke(app, { token: 'x', client_id: 'lk_client_unknown', client_secret: 'y' })).json(), { error: 'invalid_client' })
})

t.test("a client's own token ends alone, and a client that revokes in a loop fills no memory", async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app, { grantTypes: ['client_credentials'] })
  const mint = async () => (await token(app, { grant_type: 'client_credentials' }, basic)).json<Tokens>().access_token
  const active = async (text: string) => (await app.inject({
    method: 'POST', url: '/v1/oauth/introspect', headers: { authorization: basic }, payload: { token: text }
  })).json<{ active: boolean }>().active

  const [kept, ended] = [await mint(), await mint()]
  await revoke(app, { token: ended }, basic)
  t.equal(await active(ended), false)
  t.equal(await active(kept), true)

  const size = app.latchkey.revocations.size()
  const revoked: string[] = []
  for (let i = 0; i < 200; i++) {
    revoked.push(await mint())
    await revoke(app, { token: revoked.at(-1)! }, basic)
  }
  t.ok(app.latchkey.revocations.size() < size + 130, `${app.latchkey.revocations.size()} rows`)
  for (const text of revoked) if (await active(text)) t.fail('a folded token is active')
  t.equal(await active(await mint()), true, 'new tokens are good')
})

t.test('introspection tells an active token, and of others only that they are not', async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read' } })
  const { basic, id } = await makeClient(app)
  const tokens = await signedIn(app)
  const ask = (text: string, authorization = basic) => app.inject({ method: 'POST', url: '/v1/oauth/introspect', headers: { authorization }, payload: { token: text } })
  t.match((await ask(tokens.access_token)).json(), { active: true, token_type: 'Bearer', sub: tokens.user.id, iss: app.latchkey.config.issuer })
  t.match((await ask(tokens.refresh_token)).json(), { active: true, token_type: 'refresh_token', sub: tokens.user.id })
  const next = (await refresh(app, tokens.refresh_token)).json<Tokens>()
  t.same((await ask(tokens.refresh_token)).json(), { active: false }, 'a replaced refresh token')
  await logout(app, next.access_token)
  for (const text of [tokens.access_token, next.access_token, next.refresh_token, 'nonsense', `${tokens.access_token}x`]) t.same((await ask(text)).json(), { active: false })
  t.equal((await ask(tokens.access_token, `Basic ${Buffer.from(`${id}:wrong`).toString('base64')}`)).statusCode, 401)
  const open = await makeClient(app, { authMethod: 'none' })
  const refused = await app.inject({ method: 'POST', url: '/v1/oauth/introspect', payload: { client_id: open.id, token: tokens.access_token } })
  t.match(refused.json(), { error: 'invalid_client' })
})
