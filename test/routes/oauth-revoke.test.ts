import t from 'tap'
import { sharedServers } from '../support/shared-server.ts'
import { makeClient, profile, refresh, signedIn, token, type Tokens } from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

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
  const mine = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple' }, basic))
    .json<Tokens>()
  const answer = await revoke(app, { token: mine.refresh_token, token_type_hint: 'refresh_token' }, basic)
  t.equal(answer.statusCode, 200, answer.body)
  t.equal((await profile(app, mine.access_token)).statusCode, 401)
  t.match((await token(app, { grant_type: 'refresh_token', refresh_token: mine.refresh_token }, basic)).json(), { error: 'invalid_grant' })
})

t.test('RFC 7009 section 2.1: an access token of a session ends the session', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app)
  await signedIn(app)
  const mine = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple' }, basic))
    .json<Tokens>()
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

t.test('RFC 7009 section 2.2: an invalid token is answered with 200', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app)
  for (const text of ['nonsense', 'lk_rt_AAAA', 'a.b.c', 'x'.repeat(5000)]) {
    t.equal((await revoke(app, { token: text }, basic)).statusCode, 200, text.slice(0, 20))
  }
  t.match((await revoke(app, {}, basic)).json(), { error: 'invalid_request' })
  t.match((await revoke(app, { token: 'x' })).json(), { error: 'invalid_request' })
  t.match((await revoke(app, { token: 'x', client_id: 'lk_client_unknown', client_secret: 'y' })).json(), { error: 'invalid_client' })
})

t.test('a client_credentials token is revoked alone, and revoking in a loop does not fill the memory', async (t) => {
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

  const size = internals(app).revocation.list.size()
  const revoked: string[] = []
  for (let i = 0; i < 200; i++) {
    revoked.push(await mint())
    await revoke(app, { token: revoked.at(-1)! }, basic)
  }
  t.ok(internals(app).revocation.list.size() < size + 130, `${internals(app).revocation.list.size()} rows`)
  for (const text of revoked) if (await active(text)) t.fail('a folded token is active')
  t.equal(await active(await mint()), true, 'new tokens are good')
})
