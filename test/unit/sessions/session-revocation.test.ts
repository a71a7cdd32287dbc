import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { build, profile, refresh, signedIn, type Tokens } from '../../support/start-server.ts'
import { pause } from '../../support/pause.ts'
import { auditEvents, eventTypes, revocations, sessionId, sessionOf, sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const caller = { ip: '192.0.2.1', userAgent: 'test' }

async function prepare (t: Test) {
  const built = await build(t)
  const tokens = await signedIn(built.app)
  const { store: { sessions }, clients } = internals(built.app)
  return { ...built, tokens, id: sessionId(tokens), sessions, client: (await clients.findBySlug('web'))! }
}

t.test('revoke: a session is revoked once, and its revocation names user and epoch', async (t) => {
  const { app, sessions, id, tokens, client } = await prepare(t)
  t.same(await sessions.revoke(id), { userId: tokens.user.id, clientId: client.id })
  const { revoked_at: revokedAt } = await sessionOf(app, tokens)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401, 'at once in this process')
  const rows = () => sql(app, 'SELECT * FROM revocations')
  const before = await rows()
  t.match(before, [{ kind: 'session', subject: id, owner: tokens.user.id, epoch: 0 }])
  t.equal(await sessions.revoke(id), null)
  t.same((await sessionOf(app, tokens)).revoked_at, revokedAt)
  t.same(await rows(), before, 'a second time changes nothing, or nobody could fold it')
})

t.test('revoke: concurrent calls are one revocation', async (t) => {
  const { app, sessions, id } = await prepare(t)
  const answers = await Promise.all(Array.from({ length: 20 }, () => sessions.revoke(id)))
  t.equal(answers.filter(Boolean).length, 1)
  t.same((await revocations(app)).map(({ epoch }) => epoch), [0])
})

t.test('revoke: an unknown session gets a revocation, too', async (t) => {
  const { app, sessions, id, tokens } = await prepare(t)
  await sql(app, 'DELETE FROM sessions')
  t.equal(await sessions.revoke(id), null)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
})

t.test('revokeBySecret: revokes once, and only with the secret and the client of the session', async (t) => {
  const { app, sessions, id, tokens, client } = await prepare(t)
  const { secretHash } = (await sql<{ secretHash: Buffer }>(app, 'SELECT secret_hash AS "secretHash" FROM sessions'))[0]!
  t.equal(await sessions.revokeBySecret(id, randomBytes(32), client.id), null)
  t.equal(await sessions.revokeBySecret(id, secretHash, 'lk_client_other'), null)
  t.equal(await sessions.revokeBySecret(uuidv7(), secretHash, client.id), null)
  t.same(await revocations(app), [])
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  t.ok(await sessions.revokeBySecret(id, secretHash, client.id))
  t.equal(await sessions.revokeBySecret(id, secretHash, client.id), null)
  t.equal((await revocations(app)).length, 1)
})

t.test('revokeReused: revokes and records the event once, in one statement; noteReplay only records', async (t) => {
  const { app, sessions, id, tokens, client } = await prepare(t)
  await sessions.noteReplay(id, caller)
  await sessions.noteReplay(uuidv7(), caller)
  t.equal((await sessionOf(app, tokens)).revoked_at, null)
  t.same(
    [await sessions.revokeReused(id, caller), await sessions.revokeReused(id, caller)],
    [{ userId: tokens.user.id, clientId: client.id }, null]
  )
  t.ok((await sessionOf(app, tokens)).revoked_at)
  const common = { user_id: tokens.user.id, client_id: client.id, session_id: id, ip: caller.ip, user_agent: caller.userAgent }
  t.same(await auditEvents(app), [{ type: 'session.replayed_elsewhere', ...common }, { type: 'session.reused', ...common }])
  t.equal((await revocations(app)).length, 1)
})

t.test('revokeReused: when the event cannot be recorded, the session goes on', async (t) => {
  const { app, sessions, id, tokens } = await prepare(t)
  await sql(app, 'ALTER TABLE audit_events ADD CONSTRAINT none CHECK (false) NOT VALID')
  await t.rejects(sessions.revokeReused(id, caller))
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  await sql(app, 'ALTER TABLE audit_events DROP CONSTRAINT none')
  t.ok(await sessions.revokeReused(id, caller))
  t.same(await eventTypes(app), ['session.reused'])
})

t.test('a revocation waits for an in-flight refresh, and the refreshed tokens are refused', async (t) => {
  const { app, databaseUrl, sessions, id, tokens } = await prepare(t)
  const { reached, blocked, release } = await pause(t, databaseUrl, 'refresh')
  const answer = refresh(app, tokens.refresh_token)
  await reached()
  const revoked = sessions.revoke(id)
  await blocked()
  await release()
  t.ok(await revoked)
  const second = (await answer).json<Tokens>()
  t.equal((await profile(app, second.access_token)).statusCode, 401)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 401)
})
