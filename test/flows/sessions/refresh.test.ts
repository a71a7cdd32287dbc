import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, profile, refresh, signedIn, type Tokens } from '../../support/start-server.ts'
import { age, auditEvents, eventTypes, revocations, rotated, sessionId, sessionOf } from '../../support/session-rows.ts'
import { statementsDuring } from '../../support/statements.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const parallel = (count: number, run: (index: number) => ReturnType<typeof refresh>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

const refreshFrom = (app: FastifyInstance, refreshToken: string, remoteAddress: string, agent: string) => app.inject({
  method: 'POST', url: '/v1/clients/web/refresh', payload: { refresh_token: refreshToken }, remoteAddress, headers: { 'user-agent': agent }
})

t.test('RFC 9700 section 2.2.2: fifty concurrent refreshes with one token are one rotation, and all get the same successor', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const answers = await parallel(50, () => refresh(app, first.refresh_token))
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  const tokens = answers.map((answer) => answer.json<Tokens>())
  t.equal(new Set(tokens.map((each) => each.refresh_token)).size, 1)
  t.equal(new Set(tokens.map((each) => each.access_token)).size, 50, 'each has an access token of its own')
  for (const { access_token: accessToken } of [first, ...tokens]) t.equal((await profile(app, accessToken)).statusCode, 200)
  const row = await sessionOf(app, first)
  t.match(row, { generation: 1, rotations: { length: 1 }, revoked_at: null })
  t.same(await auditEvents(app), [])
})

t.test('concurrent refreshes in two processes on one database are one rotation', async (t) => {
  const { app, databaseUrl } = await build(t)
  const other = await build(t, { databaseUrl })
  let current: Tokens = await signedIn(app)
  for (let generation = 1; generation <= 10; generation++) {
    const answers = await parallel(20, (index) => refresh(index % 2 ? app : other.app, current.refresh_token))
    const tokens = answers.map((answer) => answer.json<Tokens>())
    t.equal(new Set(tokens.map((each) => each.refresh_token)).size, 1, `one successor in round ${generation}`)
    t.equal((await sessionOf(app, current)).generation, generation)
    t.equal((await profile(other.app, tokens[1]!.access_token)).statusCode, 200)
    t.equal((await profile(app, tokens[0]!.access_token)).statusCode, 200)
    current = tokens[0]!
  }
})

t.test('a refresh is one statement', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  t.equal(await statementsDuring(app, () => rotated(app, first.refresh_token)), 1)
  t.equal(
    await statementsDuring(app, () => rotated(app, first.refresh_token)),
    2,
    'within the grace: the rotation that finds nothing, and the look at the row'
  )
})

t.test('a replay within the grace gets the current token again, and changes no time in the row', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  await age(app, first, 20)
  const before = await sessionOf(app, first)
  const again = await rotated(app, first.refresh_token)
  t.equal(again.refresh_token, second.refresh_token)
  t.not(again.access_token, second.access_token)
  t.same(await sessionOf(app, first), before)
  t.same(await auditEvents(app), [])

  const third = await rotated(app, again.refresh_token)
  t.equal((await rotated(app, first.refresh_token)).refresh_token, third.refresh_token, 'the current one, not the one that came next')
  t.equal((await profile(app, again.access_token)).statusCode, 200)
})

t.test('the grace starts when the token is replaced, not at the last rotation', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  await age(app, first, 29)
  const third = await rotated(app, second.refresh_token)
  t.equal((await rotated(app, first.refresh_token)).refresh_token, third.refresh_token)
  await age(app, first, 2)
  t.equal((await rotated(app, second.refresh_token)).refresh_token, third.refresh_token, 'the second was replaced 2 s ago')
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401, 'the first was replaced 31 s ago')
})

t.test('eight rotations are recorded: a token nine generations old is reuse even within the grace', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const tokens: Tokens[] = [first]
  for (let generation = 1; generation <= 9; generation++) tokens.push(await rotated(app, tokens.at(-1)!.refresh_token))
  t.match(await sessionOf(app, first), { generation: 9, rotations: { length: 8 } })
  for (const superseded of tokens.slice(1, 9)) {
    t.equal((await rotated(app, superseded.refresh_token)).refresh_token, tokens[9]!.refresh_token)
  }
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
  t.ok((await sessionOf(app, first)).revoked_at)
  t.same(await eventTypes(app), ['session.reused'])
})

t.test('a replay from another address and another user agent emits an event; a change of only one does not', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  await rotated(app, first.refresh_token)
  const { ip, user_agent: agent, user_id: userId, client_id: clientId } = await sessionOf(app, first)
  t.match({ ip, agent }, { ip: '127.0.0.1', agent: 'lightMyRequest' })
  for (const [address, name] of [[ip, agent], ['192.0.2.7', agent], [ip, 'curl/8']] as const) {
    t.equal((await refreshFrom(app, first.refresh_token, address, name)).statusCode, 200)
  }
  t.same(await auditEvents(app), [])
  t.equal((await refreshFrom(app, first.refresh_token, '192.0.2.7', 'curl/8')).statusCode, 200, 'it is answered all the same')
  t.same(await auditEvents(app), [{
    type: 'session.replayed_elsewhere',
    user_id: userId,
    client_id: clientId,
    session_id: sessionId(first),
    ip: '192.0.2.7',
    user_agent: 'curl/8'
  }])
  t.same(await revocations(app), [])
})

t.test('when a thief refreshes first, the replay of the user emits an event', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  t.equal((await refreshFrom(app, first.refresh_token, '192.0.2.7', 'curl/8')).statusCode, 200)
  t.same(await auditEvents(app), [], 'a rotation is no event')
  t.match(await sessionOf(app, first), { ip: '192.0.2.7', user_agent: 'curl/8' })
  t.equal((await refresh(app, first.refresh_token)).statusCode, 200)
  t.same((await auditEvents(app)).map(({ type, ip }) => [type, ip]), [['session.replayed_elsewhere', '127.0.0.1']])
})

t.test('a user whose address and agent changed between refreshes causes no event', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  for (let i = 0; i < 2; i++) t.equal((await refreshFrom(app, first.refresh_token, '192.0.2.7', 'curl/8')).statusCode, 200)
  t.same(await auditEvents(app), [])
})

t.test('a refresh keeps session, user, client and epoch', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  const { iat: _, exp: __, jti: oldId, ...before } = claimsOf(first.access_token)
  const { iat: ___, exp: ____, jti: newId, ...after } = claimsOf(second.access_token)
  t.same(after, before)
  t.not(newId, oldId)
  t.match(after, { sub: first.user.id, epoch: 0, aud: internals(app).config.issuer })
})
