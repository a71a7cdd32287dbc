import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { build, login, profile, refresh, signedIn, type Tokens } from '../../support/start-server.ts'
import { pause } from '../../support/pause.ts'
import { revocations, rotated, sessionId } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

async function prepare (t: Test) {
  const built = await build(t)
  const tokens = await signedIn(built.app)
  const { revocation: { list }, store: { sessions, users } } = internals(built.app)
  return { ...built, tokens, list, sessions, users }
}

t.test("folding replaces a user's revocations by one row, and valid sessions go on", async (t) => {
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
  t.same((await revocations(app)).map(({ kind, except_sessions: kept }) => [kind, kept]), [['user', [sessionId(tokens)]]])
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

t.test("folding and a password change keep the user's browser sessions that should go on", async (t) => {
  const { app, users, tokens } = await prepare(t)
  const { browserSessions } = internals(app).store
  const makeBrowser = async () => {
    const tokenHash = randomBytes(32)
    const { passwordStamp } = (await users.find(tokens.user.id))!
    const made = await browserSessions.create({
      id: uuidv7(), tokenHash, userId: tokens.user.id, passwordStamp, authTime: new Date(), amr: ['pwd'],
      remember: false, ttl: 1000, caller: { ip: '192.0.2.1', userAgent: 'test' }
    })
    return { id: made!.id, find: () => browserSessions.find(tokenHash, 1000) }
  }
  const [mine, theirs] = [await makeBrowser(), await makeBrowser()]
  await users.foldRevocations(tokens.user.id)
  const folded = (await mine.find())!.tokenEpoch
  t.ok(folded > 0)
  t.ok(await theirs.find())
  t.ok(await users.changePassword({ userId: tokens.user.id, passwordHash: 'x', passwordStamp: 0, keepSession: mine.id }))
  t.ok((await mine.find())!.tokenEpoch > folded)
  t.equal(await theirs.find(), null)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
})

t.test('concurrent folds and a password change log nobody out', async (t) => {
  const { app, databaseUrl, users, tokens } = await prepare(t)
  const other = await build(t, { databaseUrl })
  for (let round = 0; round < 10; round++) {
    await Promise.all([app, other.app, app, other.app].map((each) => internals(each).store.users.foldRevocations(tokens.user.id)))
    t.equal((await refresh(app, tokens.refresh_token)).statusCode, 200, 'folds')
    const [changed] = await Promise.all([
      users.changePassword({ userId: tokens.user.id, passwordHash: 'x', passwordStamp: round, keepSession: sessionId(tokens) }),
      internals(other.app).store.users.foldRevocations(tokens.user.id)
    ])
    t.ok(changed)
    t.equal((await refresh(app, tokens.refresh_token)).statusCode, 200, 'and a change of password')
  }
  t.equal((await profile(app, tokens.access_token)).statusCode, 200, 'the first access token is still good')
  t.equal((await profile(other.app, tokens.access_token)).statusCode, 200)
})

t.test("a login during a fold of its user's revocations is valid", async (t) => {
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

t.test('a session that ended by its epoch is not restored by a fold or a password change', async (t) => {
  const { app, users, tokens } = await prepare(t)
  const dead = (await login(app)).json<Tokens>()
  const change = (passwordStamp: number, keep: Tokens) =>
    users.changePassword({ userId: tokens.user.id, passwordHash: 'x', passwordStamp, keepSession: sessionId(keep) })
  t.ok(await change(0, tokens))
  const refused = async (name: string) => {
    t.equal((await profile(app, dead.access_token)).statusCode, 401, name)
    t.equal((await refresh(app, dead.refresh_token)).statusCode, 401, name)
  }
  await refused('the password was changed elsewhere')
  await users.foldRevocations(tokens.user.id)
  await refused('folded')
  t.ok(await change(1, dead))
  await refused('changed again, by a request that had passed the guard before')
})
