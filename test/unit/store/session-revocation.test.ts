import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { build, login, profile, refresh, signedIn, type Tokens } from '../../helper.ts'
import { pause } from '../../pause.ts'
import { auditEvents, eventTypes, revocations, rotated, sessionId, sessionOf, sql } from '../../session-rows.ts'

const caller = { ip: '192.0.2.1', userAgent: 'test' }

async function prepare (t: Test) {
  const built = await build(t)
  const tokens = await signedIn(built.app)
  const { revocations: list, store: { sessions, users }, refreshTokens, clients } = built.app.latchkey
  const { secret } = refreshTokens.decode(tokens.refresh_token)!
  const client = (await clients.findBySlug('web'))!
  return { ...built, tokens, id: sessionId(tokens), list, sessions, users, secret, client }
}

t.test('revoke: once, for good, listed with user and epoch', async (t) => {
  const { app, sessions, id, tokens } = await prepare(t)
  t.equal(await sessions.revoke(id), true)
  const { revoked_at: revokedAt } = await sessionOf(app, tokens)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401, 'at once in this process')
  const rows = () => sql(app, 'SELECT * FROM revocations')
  const before = await rows()
  t.match(before, [{ kind: 'session', subject: id, owner: tokens.user.id, epoch: 0 }])
  t.equal(await sessions.revoke(id), false)
  t.same((await sessionOf(app, tokens)).revoked_at, revokedAt)
  t.same(await rows(), before, 'a second time changes nothing, or nobody could fold it')
})

t.test('revoke: at once in parallel is one revocation', async (t) => {
  const { app, sessions, id } = await prepare(t)
  const answers = await Promise.all(Array.from({ length: 20 }, () => sessions.revoke(id)))
  t.equal(answers.filter(Boolean).length, 1)
  t.same((await revocations(app)).map(({ epoch }) => epoch), [0])
})

t.test('revoke: a session that the database does not know is listed, too', async (t) => {
  const { app, sessions, id, tokens } = await prepare(t)
  await sql(app, 'DELETE FROM sessions')
  t.equal(await sessions.revoke(id), false)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
})

t.test('revokeBySecret: only with the secret, at the client, once', async (t) => {
  const { app, sessions, id, tokens, client } = await prepare(t)
  const { secretHash } = (await sql<{ secretHash: Buffer }>(app, 'SELECT secret_hash AS "secretHash" FROM sessions'))[0]!
  t.equal(await sessions.revokeBySecret(id, randomBytes(32), client.id), false)
  t.equal(await sessions.revokeBySecret(id, secretHash, 'lk_client_other'), false)
  t.equal(await sessions.revokeBySecret(uuidv7(), secretHash, client.id), false)
  t.same(await revocations(app), [])
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  t.equal(await sessions.revokeBySecret(id, secretHash, client.id), true)
  t.equal(await sessions.revokeBySecret(id, secretHash, client.id), false)
  t.equal((await revocations(app)).length, 1)
})

t.test('revokeReused: revokes and writes the event, once and in one statement; noteReplay only writes', async (t) => {
  const { app, sessions, id, tokens, client } = await prepare(t)
  await sessions.noteReplay(id, caller)
  await sessions.noteReplay(uuidv7(), caller)
  t.equal((await sessionOf(app, tokens)).revoked_at, null)
  t.same([await sessions.revokeReused(id, caller), await sessions.revokeReused(id, caller)], [true, false])
  t.ok((await sessionOf(app, tokens)).revoked_at)
  const common = { user_id: tokens.user.id, client_id: client.id, session_id: id, ip: caller.ip, user_agent: caller.userAgent }
  t.same(await auditEvents(app), [{ type: 'session.replayed_elsewhere', ...common }, { type: 'session.reused', ...common }])
  t.equal((await revocations(app)).length, 1)
})

t.test('revokeReused: when the event cannot be written, the session goes on', async (t) => {
  const { app, sessions, id, tokens } = await prepare(t)
  await sql(app, 'ALTER TABLE audit_events ADD CONSTRAINT none CHECK (false)')
  await t.rejects(sessions.revokeReused(id, caller))
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  await sql(app, 'ALTER TABLE audit_events DROP CONSTRAINT none')
  t.equal(await sessions.revokeReused(id, caller), true)
  t.same(await eventTypes(app), ['session.reused'])
})

t.test('a revocation waits for a refresh that is under way, and the refreshed tokens are refused', async (t) => {
  const { app, databaseUrl, sessions, id, tokens } = await prepare(t)
  const { reached, blocked, release } = await pause(t, databaseUrl, 'refresh')
  const answer = refresh(app, tokens.refresh_token)
  await reached()
  const revoked = sessions.revoke(id)
  await blocked()
  await release()
  t.equal(await revoked, true)
  const second = (await answer).json<Tokens>()
  t.equal((await profile(app, second.access_token)).statusCode, 401)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 401)
})

t.test('folding the revocations of a user: one row in place of many, and who was alive goes on', async (t) => {
  const { app, sessions, users, tokens, list, databaseUrl } = await prepare(t)
  const other = await build(t, { databaseUrl })
  const ended: Tokens[] = []
  for (let i = 0; i < 10; i++) {
    ended.push((await login(app)).json<Tokens>())
    await sessions.revoke(sessionId(ended[i]!))
    await sessions.revoke(sessionId(ended[i]!))
  }
  const second = await rotated(app, tokens.refresh_token)
  await users.foldRevocations(tokens.user.id)
  t.same((await revocations(app)).map(({ kind, epoch, except_sessions: kept }) => [kind, epoch, kept]), [['user', 1, [sessionId(tokens)]]])
  t.equal(list.ownedBy(tokens.user.id), 0)
  await other.app.close()
  const later = await build(t, { databaseUrl })
  for (const each of [app, later.app]) {
    for (const { access_token: accessToken } of [tokens, second]) t.equal((await profile(each, accessToken)).statusCode, 200)
    for (const { access_token: accessToken } of ended) t.equal((await profile(each, accessToken)).statusCode, 401)
  }
  t.equal((await rotated(app, tokens.refresh_token)).refresh_token, second.refresh_token, 'the grace holds')
  t.equal((await profile(app, (await rotated(app, second.refresh_token)).access_token)).statusCode, 200)
  t.equal((await refresh(app, ended[0]!.refresh_token)).statusCode, 401)
})

t.test('folding keeps the browsers of the user logged in, and so does a change of password from one of them', async (t) => {
  const { app, users, tokens } = await prepare(t)
  const { browserSessions } = app.latchkey.store
  const makeBrowser = async () => {
    const tokenHash = randomBytes(32)
    const { passwordStamp } = (await users.find(tokens.user.id))!
    const made = await browserSessions.create({ id: uuidv7(), tokenHash, userId: tokens.user.id, passwordStamp, authTime: new Date(), remember: false, ttl: 1000, caller })
    return { id: made!.id, find: () => browserSessions.find(tokenHash, 1000) }
  }
  const [mine, theirs] = [await makeBrowser(), await makeBrowser()]
  await users.foldRevocations(tokens.user.id)
  t.equal((await mine.find())?.tokenEpoch, 1)
  t.ok(await theirs.find())
  t.ok(await users.changePassword({ userId: tokens.user.id, passwordHash: 'x', passwordStamp: 0, keepSession: mine.id }))
  t.equal((await mine.find())?.tokenEpoch, 2)
  t.equal(await theirs.find(), null)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
})

t.test('folding at once in several processes, and while the password changes, logs nobody out', async (t) => {
  const { app, databaseUrl, users, tokens } = await prepare(t)
  const other = await build(t, { databaseUrl })
  for (let round = 0; round < 10; round++) {
    await Promise.all([app, other.app, app, other.app].map((each) => each.latchkey.store.users.foldRevocations(tokens.user.id)))
    t.equal((await refresh(app, tokens.refresh_token)).statusCode, 200, 'folds')
    const [changed] = await Promise.all([
      users.changePassword({ userId: tokens.user.id, passwordHash: 'x', passwordStamp: round, keepSession: sessionId(tokens) }),
      other.app.latchkey.store.users.foldRevocations(tokens.user.id)
    ])
    t.ok(changed)
    t.equal((await refresh(app, tokens.refresh_token)).statusCode, 200, 'and a change of password')
  }
  t.equal((await profile(app, tokens.access_token)).statusCode, 200, 'the first access token is still good')
  t.equal((await profile(other.app, tokens.access_token)).statusCode, 200)
})

t.test('a login while the revocations of its user are folded is good', async (t) => {
  const { app, databaseUrl, users, tokens } = await prepare(t)
  const { reached, blocked, release } = await pause(t, databaseUrl, 'login')
  const answer = login(app)
  await reached()
  const folded = users.foldRevocations(tokens.user.id)
  await blocked()
  await release()
  await folded
  const fresh = (await answer).json<Tokens>()
  t.equal((await profile(app, fresh.access_token)).statusCode, 200)
  t.equal((await refresh(app, fresh.refresh_token)).statusCode, 200)
})
