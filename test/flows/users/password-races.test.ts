import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { sharedServers } from '../../support/shared-server.ts'
import { login, profile, refresh, register, signedIn, type Tokens } from '../../support/start-server.ts'
import { pause } from '../../support/pause.ts'
import { auditEvents, rotated, sessionId, sessionOf, sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

/** Changes the password as somebody who knows the old one does. */
async function changePassword (app: FastifyInstance, userId: string, keepSession: string | null = null): Promise<boolean> {
  const { users } = internals(app).store
  const { passwordStamp } = (await users.find(userId))!
  return await users.changePassword({
    userId, passwordHash: await internals(app).passwords.hash('another password'), passwordStamp, keepSession
  })
}

/** Does something once a password has been found right, before anything follows from it. */
function afterVerify (app: FastifyInstance, act: () => Promise<unknown>): void {
  const { passwords } = internals(app)
  const { verify } = passwords
  passwords.verify = async (...args) => {
    passwords.verify = verify
    const verdict = await verify(...args)
    await act()
    return verdict
  }
}

t.test('a login whose password changes between check and insert creates no session', async (t) => {
  const { app } = await build(t)
  const { id } = (await register(app)).json<{ id: string }>()
  afterVerify(app, () => changePassword(app, id))
  t.equal((await login(app)).statusCode, 401)
  t.same(await sql(app, 'SELECT id FROM sessions'), [])
})

t.test('a login whose user or client ends between check and insert creates no session', async (t) => {
  for (const end of [
    'UPDATE users SET disabled_at = now()', 'UPDATE clients SET revoked_at = now()', 'DELETE FROM users',
    'DELETE FROM clients'
  ]) {
    const { app } = await build(t)
    await register(app)
    afterVerify(app, () => sql(app, end))
    t.equal((await login(app)).statusCode, 401, end)
    t.same(await sql(app, 'SELECT id FROM sessions'), [])
  }
})

t.test('a session whose insert is in-flight while the password changes is refused', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { id } = (await register(app)).json<{ id: string }>()
  const { reached, release } = await pause(t, databaseUrl, 'login')
  const answer = login(app)
  await reached()
  t.ok(await changePassword(app, id), 'the change does not wait for the login')
  await release()
  const tokens = (await answer).json<Tokens>()
  t.ok(tokens.access_token, 'it had the old password when it was still right')
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
  t.same(await auditEvents(app), [])
})

t.test('an in-flight refresh fails when the password is changed in another session', async (t) => {
  const { app, databaseUrl } = await build(t)
  const first = await signedIn(app)
  const { reached, release } = await pause(t, databaseUrl, 'refresh')
  const answer = refresh(app, first.refresh_token)
  await reached()
  t.ok(await changePassword(app, first.user.id))
  await release()
  const tokens = (await answer).json<Tokens>()
  t.ok(tokens.access_token, 'it came before the change')
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
})

t.test('an in-flight refresh in the session that changes the password succeeds', async (t) => {
  const { app, databaseUrl } = await build(t)
  const first = await signedIn(app)
  const { reached, blocked, release } = await pause(t, databaseUrl, 'refresh')
  const answer = refresh(app, first.refresh_token)
  await reached()
  const changed = changePassword(app, first.user.id, sessionId(first))
  await blocked()
  await release()
  t.ok(await changed)
  const second = (await answer).json<Tokens>()
  for (const { access_token: accessToken } of [first, second]) t.equal((await profile(app, accessToken)).statusCode, 200)
  await rotated(app, second.refresh_token)
})

t.test('a refresh that waits for a password change in its own session succeeds', async (t) => {
  const { app, databaseUrl } = await build(t)
  const first = await signedIn(app)
  const { reached, blocked, release } = await pause(t, databaseUrl, 'epoch')
  const changed = changePassword(app, first.user.id, sessionId(first))
  await reached()
  const answers = Promise.all(Array.from({ length: 4 }, () => refresh(app, first.refresh_token)))
  await blocked(4)
  await release()
  t.ok(await changed)
  const tokens = (await answers).map((answer) => answer.json<Tokens>())
  t.equal(new Set(tokens.map((each) => each.refresh_token)).size, 1)
  for (const { access_token: accessToken } of tokens) t.equal((await profile(app, accessToken)).statusCode, 200)
  t.equal((await sessionOf(app, first)).generation, 1)
})

t.test('with REFRESH_GRACE=0 a refresh that waits for a password change is no reuse', async (t) => {
  const { app, databaseUrl } = await build(t, { refreshGrace: 0 })
  const first = await signedIn(app)
  const { reached, blocked, release } = await pause(t, databaseUrl, 'epoch')
  const changed = changePassword(app, first.user.id, sessionId(first))
  await reached()
  const answer = refresh(app, first.refresh_token)
  await blocked()
  await release()
  t.ok(await changed)
  t.equal((await answer).statusCode, 200)
  t.same(await auditEvents(app), [])
})
