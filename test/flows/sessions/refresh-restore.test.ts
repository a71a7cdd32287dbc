import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { profile, refresh, signedIn, type Tokens } from '../../support/start-server.ts'
import { age, auditEvents, eventTypes, backup, revocations, rotated, sessionOf } from '../../support/session-rows.ts'

const build = sharedServers(t)

const WARNING = /the database was restored from a backup/

t.test('restoring a backup logs nobody out, and is reported in the log', async (t) => {
  const { app, logs } = await build(t)
  const tokens: Tokens[] = [await signedIn(app)]
  const restore = await backup(app, tokens[0]!)
  for (let generation = 1; generation <= 5; generation++) tokens.push(await rotated(app, tokens.at(-1)!.refresh_token))
  t.notMatch(logs(), WARNING)
  await restore()
  await age(app, tokens[0]!, 3600)

  const next = await rotated(app, tokens[5]!.refresh_token)
  t.match(logs(), WARNING)
  t.match(await sessionOf(app, next), { generation: 6, rotations: { length: 1 }, revoked_at: null })
  t.equal((await rotated(app, tokens[5]!.refresh_token)).refresh_token, next.refresh_token, 'the grace holds from here on')
  t.equal((await profile(app, tokens[5]!.access_token)).statusCode, 200)

  const warnings = () => logs().match(new RegExp(WARNING, 'g'))!.length
  t.equal(warnings(), 1)
  await rotated(app, next.refresh_token)
  t.equal(warnings(), 1, 'the next rotation is an ordinary one')
  t.same(await auditEvents(app), [])
  t.same(await revocations(app), [])
})

t.test('after a restore concurrent refreshes with one newer token are one rotation', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const restore = await backup(app, first)
  const second = await rotated(app, first.refresh_token)
  const third = await rotated(app, second.refresh_token)
  await restore()
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(app, third.refresh_token)))
  t.equal(new Set(answers.map((answer) => answer.json<Tokens>().refresh_token)).size, 1)
  t.match(await sessionOf(app, first), { generation: 3, revoked_at: null })
})

t.test('after a restore, a thief who refreshes after the user is detected as reuse', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const restore = await backup(app, first)
  const stolen = await rotated(app, first.refresh_token)
  const current = await rotated(app, stolen.refresh_token)
  await restore()
  const next = await rotated(app, current.refresh_token)
  t.equal((await refresh(app, stolen.refresh_token)).statusCode, 401)
  t.ok((await sessionOf(app, first)).revoked_at)
  t.same(await eventTypes(app), ['session.reused'])
  t.equal((await refresh(app, next.refresh_token)).statusCode, 401)
})

t.test('after a restore, when a thief refreshes before the user, the session ends once both have gone on', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const restore = await backup(app, first)
  const stolen = await rotated(app, first.refresh_token)
  const current = await rotated(app, stolen.refresh_token)
  await restore()
  const thiefs = await rotated(app, stolen.refresh_token)
  t.equal(thiefs.refresh_token, current.refresh_token, 'the token that the user has')
  await rotated(app, (await rotated(app, current.refresh_token)).refresh_token)
  await age(app, first, 31)
  t.equal((await refresh(app, thiefs.refresh_token)).statusCode, 401)
  t.ok((await sessionOf(app, first)).revoked_at)
  t.same(await eventTypes(app), ['session.reused'])
})

t.test('after a restore the token that the backup contains remains valid', async (t) => {
  const { app, logs } = await build(t)
  const first = await signedIn(app)
  const restore = await backup(app, first)
  await rotated(app, first.refresh_token)
  await restore()
  const again = await rotated(app, first.refresh_token)
  t.match(await sessionOf(app, again), { generation: 1, revoked_at: null })
  t.notMatch(logs(), WARNING, 'for it nothing has changed')
})
