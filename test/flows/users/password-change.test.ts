import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, eventually, login, PASSWORD, profile, refresh, signedIn, type Tokens } from '../../support/start-server.ts'
import { age, auditEvents, revocations, rotated, sessionId, sessionOf, sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'
import { nextEpoch } from '../../../src/users/epoch-sql.ts'

const build = sharedServers(t)

const NEXT = 'purple elephants dance at dawn'

const change = (app: FastifyInstance, accessToken: string, next = NEXT, current = PASSWORD) =>
  app.inject({
    method: 'PATCH',
    url: '/v1/profile/password',
    headers: { authorization: `Bearer ${accessToken}` },
    payload: { current_password: current, new_password: next }
  })

const logInWith = (app: FastifyInstance, password: string) =>
  app.inject({ method: 'POST', url: '/v1/clients/web/login', payload: { email: 'ada@example.com', password } })

t.test('RFC 9700 section 4.14.2: changing the password ends the other sessions everywhere, and keeps the current one', async (t) => {
  const { app, databaseUrl } = await build(t)
  const other = await build(t, { databaseUrl })
  const mine = await signedIn(app)
  const theirs = [(await login(app)).json<Tokens>(), (await login(app, undefined, 'mobile')).json<Tokens>()]
  const stranger = await signedIn(app, { email: 'bob@example.com' })
  const before = await sessionOf(app, mine)

  const answer = await change(app, mine.access_token)
  t.equal(answer.statusCode, 200, answer.body)
  for (const { access_token: accessToken } of theirs) {
    t.equal((await profile(app, accessToken)).statusCode, 401, 'at once in this process')
    t.ok(await eventually(async () => (await profile(other.app, accessToken)).statusCode === 401), 'in the other process')
  }
  t.equal((await refresh(app, theirs[0]!.refresh_token)).statusCode, 401)
  t.equal((await refresh(other.app, theirs[1]!.refresh_token, 'mobile')).statusCode, 401)

  for (const each of [app, other.app]) {
    t.equal((await profile(each, mine.access_token)).statusCode, 200, 'the token that asked is good')
    t.equal((await profile(each, stranger.access_token)).statusCode, 200, 'other users notice nothing')
  }
  const [{ epoch }] = (await revocations(app)) as [Awaited<ReturnType<typeof revocations>>[number]]
  t.ok(epoch > 0)
  t.same(await sessionOf(app, mine), { ...before, token_epoch: epoch }, 'nothing else of the session has changed')
  const refreshed = await rotated(other.app, mine.refresh_token)
  t.equal(claimsOf(refreshed.access_token)['epoch'], epoch)
  for (const each of [app, other.app]) t.equal((await profile(each, refreshed.access_token)).statusCode, 200)

  t.equal((await logInWith(app, PASSWORD)).statusCode, 401, 'the old password is over')
  const again = (await logInWith(other.app, NEXT)).json<Tokens>()
  t.equal((await profile(app, again.access_token)).statusCode, 200)
  t.same((await revocations(app)).map(({ kind, subject, except_sessions: kept }) => [kind, subject, kept]), [['user', mine.user.id, [
    sessionId(mine)
  ]]])
  t.same(await auditEvents(app), [])
})

t.test('a password change in another session ends the session that the first change kept', async (t) => {
  const { app, databaseUrl } = await build(t)
  const other = await build(t, { databaseUrl })
  const first = await signedIn(app)
  t.equal((await change(app, first.access_token)).statusCode, 200)
  const second = (await logInWith(app, NEXT)).json<Tokens>()
  t.equal((await change(other.app, second.access_token, PASSWORD, NEXT)).statusCode, 200)
  t.ok(await eventually(async () => (await profile(app, first.access_token)).statusCode === 401))
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
  t.equal((await profile(app, second.access_token)).statusCode, 200)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 200)
})

t.test('changing the password does not restore a session that was logged out', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  const { users, sessions } = internals(app).store
  await sessions.revoke(sessionId(mine))
  const { passwordStamp } = (await users.find(mine.user.id))!
  t.ok(await users.changePassword({ userId: mine.user.id, passwordHash: 'x', passwordStamp, keepSession: sessionId(mine) }))
  t.equal((await profile(app, mine.access_token)).statusCode, 401)
  t.equal((await refresh(app, mine.refresh_token)).statusCode, 401)
})

t.test('changing the password keeps no session of another user', async (t) => {
  const { app } = await build(t)
  const [ada, bob] = [await signedIn(app), await signedIn(app, { email: 'bob@example.com' })]
  const before = await sessionOf(app, bob)
  t.ok(
    await internals(app).store.users.changePassword({ userId: ada.user.id, passwordHash: 'x', passwordStamp: 0, keepSession: sessionId(bob) })
  )
  t.same(await sessionOf(app, bob), before)
  t.equal((await profile(app, bob.access_token)).statusCode, 200)
  t.equal((await profile(app, ada.access_token)).statusCode, 401)
})

t.test('a wrong current password and an invalid new one are 422, and nothing changes', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  const theirs = (await login(app)).json<Tokens>()
  const user = () => sql(app, 'SELECT * FROM users')
  const before = await user()
  for (const [name, current, next, field] of [
    ['a wrong one', 'not the password', NEXT, 'current_password'],
    ['the new one twice', NEXT, NEXT, 'current_password'],
    ['none', '', NEXT, 'current_password'],
    ['one of 60,000 characters', 'x'.repeat(60_000), NEXT, 'current_password'],
    ['a short new one', PASSWORD, 'short', 'new_password'],
    ['a common new one', PASSWORD, 'password1', 'new_password'],
    ['an endless new one', PASSWORD, 'x'.repeat(1001), 'new_password'],
    ['no new one', PASSWORD, '', 'new_password']
  ] as const) {
    const answer = await change(app, mine.access_token, next, current)
    t.equal(answer.statusCode, 422, name)
    t.ok(answer.json<{ errors: Record<string, string[]> }>().errors[field]?.length, `${name}: says so of ${field}`)
  }
  t.same(await user(), before)
  for (const { access_token: accessToken } of [mine, theirs]) t.equal((await profile(app, accessToken)).statusCode, 200)
  t.equal((await change(app, 'nonsense')).statusCode, 401)
})

t.test('of concurrent password changes one succeeds, and the others are 422', async (t) => {
  const { app, databaseUrl } = await build(t)
  const other = await build(t, { databaseUrl })
  const sessions: Tokens[] = [await signedIn(app)]
  while (sessions.length < 6) sessions.push((await login(app)).json<Tokens>())
  const answers = await Promise.all(
    sessions.map(({ access_token: accessToken }, index) => change(index % 2 ? app : other.app, accessToken, `${NEXT} ${index}`))
  )
  const winner = answers.findIndex(({ statusCode }) => statusCode === 200)
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, 422, 422, 422, 422, 422])
  t.same(await sql(app, 'SELECT password_stamp FROM users'), [{ password_stamp: 1 }])
  for (const [index, tokens] of sessions.entries()) {
    t.equal((await logInWith(app, `${NEXT} ${index}`)).statusCode, index === winner ? 200 : 401)
    t.ok(await eventually(async () => (await profile(app, tokens.access_token)).statusCode === (index === winner ? 200 : 401)))
    t.equal((await refresh(app, tokens.refresh_token)).statusCode, index === winner ? 200 : 401)
  }
})

t.test('a disabled user can neither log in nor change the password', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  const { users } = internals(app).store
  await users.setDisabled(mine.user.id, true)
  t.equal((await login(app)).statusCode, 401)
  t.equal((await change(app, mine.access_token)).statusCode, 401)
  t.notOk(
    await users.changePassword({ userId: mine.user.id, passwordHash: 'x', passwordStamp: 0, keepSession: sessionId(mine) }),
    'not even when the guard did not know yet'
  )
  await users.setDisabled(mine.user.id, false)
  t.equal((await login(app)).statusCode, 200, 'the password is the old one')
})

t.test('the grace still applies after a password change', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  await age(app, first, 5)
  t.equal((await change(app, second.access_token)).statusCode, 200)
  const again = await rotated(app, first.refresh_token)
  t.equal(again.refresh_token, second.refresh_token)
  t.equal((await profile(app, again.access_token)).statusCode, 200)
})

t.test('a password change after a restored backup also ends tokens issued before the restore', async (t) => {
  const { app, databaseUrl } = await build(t)
  const first = await signedIn(app)
  const [before] = await sql<{ password_hash: string, token_epoch: number }>(app, 'SELECT password_hash, token_epoch FROM users')
  t.equal((await change(app, first.access_token)).statusCode, 200)
  const lost = (await logInWith(app, NEXT)).json<Tokens>()
  t.equal((await profile(app, lost.access_token)).statusCode, 200)
  await sql(app, 'DELETE FROM revocations')
  await sql(app, 'DELETE FROM sessions WHERE id <> $1', [sessionId(first)])
  await sql(app, 'UPDATE users SET password_hash = $1, password_stamp = 0, token_epoch = $2', [before!.password_hash, before!.token_epoch])
  await sql(app, 'UPDATE sessions SET token_epoch = $1', [before!.token_epoch])
  await app.close()

  const { app: restored } = await build(t, { databaseUrl })
  // Epochs are counted in seconds, and a restore takes longer
  const { epoch } = claimsOf(lost.access_token)
  t.ok(await eventually(async () => (await sql<{ next: number }>(restored, `SELECT ${nextEpoch('0')} AS next`))[0]!.next > Number(epoch)))
  const next = (await login(restored)).json<Tokens>()
  t.equal((await change(restored, next.access_token)).statusCode, 200)
  t.equal((await profile(restored, lost.access_token)).statusCode, 401)
  t.equal((await profile(restored, next.access_token)).statusCode, 200, 'who changed it goes on')
})
