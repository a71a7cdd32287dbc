import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { makeClient, PASSWORD, profile, refresh, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { age, auditEvents, eventTypes, refreshGrant, rotated, sessionId, sessionOf } from '../../support/session-rows.ts'

const build = sharedServers(t)

t.test('a replaced token is accepted after the grace as long as its successor was never used', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  await rotated(app, first.refresh_token)
  await age(app, first, 3600)
  const again = await rotated(app, first.refresh_token)
  t.equal((await profile(app, again.access_token)).statusCode, 200)
  const { user_id: userId, client_id: clientId } = await sessionOf(app, first)
  t.same(await auditEvents(app), [{
    type: 'session.recovered', user_id: userId, client_id: clientId, session_id: sessionId(first),
    ip: '127.0.0.1', user_agent: 'lightMyRequest'
  }])
  t.equal((await rotated(app, first.refresh_token)).refresh_token, again.refresh_token, 'parallel tabs get the same one')
  const next = await rotated(app, again.refresh_token)
  await age(app, first, 31)
  t.ok(await rotated(app, next.refresh_token), 'and the session goes on')
})

t.test('a session recovers from any number of lost answers in a row', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  for (let round = 0; round < 12; round++) {
    await rotated(app, first.refresh_token)
    await age(app, first, 60)
  }
  const last = await rotated(app, first.refresh_token)
  t.ok(await rotated(app, last.refresh_token))
  await age(app, first, 60)
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401, 'a token whose successor was used is reuse')
  t.ok((await sessionOf(app, first)).revoked_at)
})

t.test('RFC 9700 section 4.14.2: after a recovery the unused successor ends the session at once, without a grace', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const skipped = await rotated(app, first.refresh_token)
  await age(app, first, 31)
  const again = await rotated(app, first.refresh_token)
  for (const { refresh_token: refreshToken } of [skipped, again]) t.equal((await refresh(app, refreshToken)).statusCode, 401)
  t.same((await eventTypes(app)).sort(), ['session.recovered', 'session.reused'])
})

t.test('the unused successor ends the session also after later refreshes', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const skipped = await rotated(app, first.refresh_token)
  await age(app, first, 31)
  const again = await rotated(app, first.refresh_token)
  await rotated(app, again.refresh_token)
  t.equal((await refresh(app, skipped.refresh_token)).statusCode, 401)
  t.ok((await sessionOf(app, first)).revoked_at)
})

t.test('of twenty concurrent recoveries all get the same successor', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  await rotated(app, first.refresh_token)
  await age(app, first, 31)
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(app, first.refresh_token)))
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  t.equal(new Set(answers.map((answer) => answer.json<Tokens>().refresh_token)).size, 1)
  t.same(await eventTypes(app), ['session.recovered'])
})

t.test('a client with a grace of 0 has no recovery', async (t) => {
  const { app } = await build(t)
  await signedIn(app)
  const { basic } = await makeClient(app, { refreshGrace: 0 })
  const first = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic)).json<Tokens>()
  await refreshGrant(app, first.refresh_token, basic)
  await age(app, first, 31)
  t.equal((await refreshGrant(app, first.refresh_token, basic)).statusCode, 400)
  t.ok((await sessionOf(app, first)).revoked_at)
})
