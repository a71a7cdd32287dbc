import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import { v7 as uuidv7 } from 'uuid'
import type { NewSession, Rotation } from '../../../src/oauth/ports.ts'
import { build, makeClient, register } from '../../support/start-server.ts'
import { auditEvents, revocations, sql, type SessionRow } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const caller = { ip: '192.0.2.1', userAgent: 'test' }
const elsewhere = { ip: '2001:db8::1', userAgent: undefined }

/** A user, a client and what a session of theirs is made of. */
async function prepare (t: Test) {
  const { app } = await build(t)
  const { id: userId } = (await register(app)).json<{ id: string }>()
  const { id: clientId } = await makeClient(app)
  const session: NewSession = {
    id: uuidv7(),
    userId,
    passwordStamp: 0,
    amr: ['pwd'],
    clientId,
    scopes: ['read', 'write'],
    resources: ['https://api.example'],
    secretHash: randomBytes(32),
    ttl: 1000,
    caller
  }
  const rotation: Rotation = {
    id: session.id, generation: 0, secretHash: session.secretHash, clientId, idleTtl: 500, requestedScopes: null,
    ofAny: null, resources: null
  }
  return { app, sessions: internals(app).store.sessions, session, rotation }
}

const rowOf = async (app: FastifyInstance, id: string) => (await sql<SessionRow>(app, 'SELECT * FROM sessions WHERE id = $1', [id]))[0]

t.test('create: a session has the given values, generation 0 and the epoch of its user', async (t) => {
  const { app, sessions, session } = await prepare(t)
  await sql(app, 'UPDATE users SET token_epoch = 7')
  const made = await sessions.create(session)
  t.equal(made!.tokenEpoch, 7)
  t.ok(Math.abs(made!.expiresAt.getTime() - Date.now() - 1_000_000) < 5000)
  t.match(await rowOf(app, session.id), {
    user_id: session.userId, client_id: session.clientId, scopes: ['read', 'write'], generation: 0, token_epoch: 7,
    ip: caller.ip, user_agent: caller.userAgent, expires_at: made!.expiresAt, revoked_at: null
  })
  t.same((await rowOf(app, session.id))!.rotations, [])
})

t.test('create: no session is created when the user or the client has changed', async (t) => {
  const { app, sessions, session } = await prepare(t)
  for (const wrong of [{ passwordStamp: 1 }, { userId: uuidv7() }, { clientId: 'lk_client_unknown' }]) {
    t.equal(await sessions.create({ ...session, ...wrong }), null, JSON.stringify(wrong))
  }
  for (const [end, mend] of [
    ['UPDATE users SET disabled_at = now()', 'UPDATE users SET disabled_at = NULL'],
    ['UPDATE users SET password_stamp = 1', 'UPDATE users SET password_stamp = 0'],
    ['UPDATE clients SET revoked_at = now()', 'UPDATE clients SET revoked_at = NULL']
  ] as const) {
    await sql(app, end)
    t.equal(await sessions.create(session), null, end)
    await sql(app, mend)
  }
  t.ok(await sessions.create(session), 'mended, it is made')
})

t.test('rotate: only generation, time and caller change', async (t) => {
  const { app, sessions, session, rotation } = await prepare(t)
  await sessions.create(session)
  const { generation: _, rotations: __, ip: ___, user_agent: ____, ...before } = (await rowOf(app, session.id))!
  const rotated = await sessions.rotate(rotation, elsewhere)
  t.match(rotated, {
    sessionId: session.id, userId: session.userId, scopes: session.scopes, resources: session.resources, generation: 1,
    wentBack: false
  })
  const { generation, rotations, ip, user_agent: agent, ...after } = (await rowOf(app, session.id))!
  t.same(after, before)
  t.same({ generation, ip, agent }, { generation: 1, ip: elsewhere.ip, agent: null })
  t.ok(Math.abs(rotations[0]!.getTime() - Date.now()) < 5000)
})

t.test('rotate: the last eight times are kept, newest first', async (t) => {
  const { app, sessions, session, rotation } = await prepare(t)
  await sessions.create(session)
  for (let generation = 0; generation < 20; generation++) {
    t.equal((await sessions.rotate({ ...rotation, generation }, caller))!.generation, generation + 1)
    const { rotations } = (await rowOf(app, session.id))!
    t.equal(rotations.length, Math.min(8, generation + 1))
    t.same(rotations, [...rotations].sort((a, b) => b.getTime() - a.getTime()))
  }
})

t.test('rotate: a mismatch in any condition leaves the row alone', async (t) => {
  const { app, sessions, session, rotation } = await prepare(t)
  await sessions.create(session)
  await sessions.rotate(rotation, caller)
  const before = await rowOf(app, session.id)
  const current = { ...rotation, generation: 1 }
  for (const wrong of [
    { generation: 0 }, { id: uuidv7() }, { secretHash: randomBytes(32) }, { secretHash: randomBytes(0) }, { clientId: 'lk_client_unknown' },
    { idleTtl: 0 }, { requestedScopes: ['admin'] }, { requestedScopes: ['read', 'admin'] },
    { requestedScopes: ['*'] }
  ]) t.equal(await sessions.rotate({ ...current, ...wrong }, caller), null, JSON.stringify(wrong))
  t.same(await rowOf(app, session.id), before)
  t.ok(await sessions.rotate({ ...current, requestedScopes: ['write'] }, caller))
  t.ok(await sessions.rotate({ ...current, generation: 2, requestedScopes: [] }, caller))
})

t.test('rotate: the update is a heap-only tuple update (HOT), so that indexes do not grow with refreshes', async (t) => {
  const { app } = await build(t, { databasePoolSize: 1 })
  const { id: userId } = (await register(app)).json<{ id: string }>()
  const { id: clientId } = await makeClient(app)
  const { sessions } = internals(app).store
  const session: NewSession = {
    id: uuidv7(), userId, passwordStamp: 0, amr: ['pwd'], clientId, scopes: [], resources: [], secretHash: randomBytes(32),
    ttl: 1000, caller
  }
  await sessions.create(session)
  // One connection: the statements of the store are part of this transaction
  await sql(app, 'BEGIN')
  for (let generation = 0; generation < 10; generation++) {
    await sessions.rotate({
      id: session.id, generation, secretHash: session.secretHash, clientId, idleTtl: 500, requestedScopes: null, ofAny: null,
      resources: null
    }, generation % 2 ? caller : elsewhere)
  }
  t.same(
    await sql(app, "SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_xact_user_tables WHERE relname = 'sessions'"),
    [{ all: 10, hot: 10 }]
  )
  await sql(app, 'ROLLBACK')
})

t.test('inspect: returns how long ago each generation was replaced', async (t) => {
  const { app, sessions, session, rotation } = await prepare(t)
  await sessions.create(session)
  for (let generation = 0; generation < 10; generation++) await sessions.rotate({ ...rotation, generation }, caller)
  await sql(app, "UPDATE sessions SET rotations = ARRAY(SELECT now() - n * interval '10 seconds' FROM generate_series(1, 8) n)")
  const since = async (generation: number) => (await sessions.inspect({ ...rotation, generation }))!.supersededFor
  for (let generation = 2; generation < 10; generation++) {
    const seconds = await since(generation)
    t.ok(Math.abs(seconds! - (10 - generation) * 10) < 2, `generation ${generation}: ${seconds} s`)
  }
  for (const generation of [0, 1]) t.equal(await since(generation), Infinity, 'too long ago to be known')
  for (const generation of [10, 11, 2 ** 31 - 1]) {
    t.equal(await since(generation), null, 'the current one, and those that a backup does not know')
  }
  await sql(app, "UPDATE sessions SET rotations = ARRAY[now() + interval '1 minute']")
  t.equal(await since(9), 0, 'a time to come is now')
})

t.test('inspect: alive predicts whether a rotation would succeed', async (t) => {
  const { app, sessions, session, rotation } = await prepare(t)
  await sessions.create(session)
  const alive = async () => (await sessions.inspect(rotation))!.alive
  for (const [end, mend] of [
    ['UPDATE sessions SET revoked_at = now()', 'UPDATE sessions SET revoked_at = NULL'],
    ["UPDATE sessions SET expires_at = now() - interval '1 second'", "UPDATE sessions SET expires_at = now() + interval '1 hour'"],
    ["UPDATE sessions SET created_at = now() - interval '501 seconds'", "UPDATE sessions SET created_at = now() - interval '490 seconds'"],
    ['UPDATE sessions SET token_epoch = 1', 'UPDATE sessions SET token_epoch = 0'],
    ['UPDATE users SET disabled_at = now()', 'UPDATE users SET disabled_at = NULL'],
    ['UPDATE clients SET revoked_at = now()', 'UPDATE clients SET revoked_at = NULL'],
    ["UPDATE clients SET id = id || '_gone'", "UPDATE clients SET id = replace(id, '_gone', '')"]
  ] as const) {
    await sql(app, end)
    t.equal(await alive(), false, end)
    t.equal(await sessions.rotate(rotation, caller), null)
    await sql(app, mend)
    t.equal(await alive(), true, mend)
  }
  t.equal(await sessions.inspect({ ...rotation, secretHash: randomBytes(32) }), null, 'a wrong secret learns nothing')
  t.equal(await sessions.inspect({ ...rotation, id: uuidv7() }), null)
  t.ok(await sessions.rotate(rotation, caller))
  t.same(await auditEvents(app), [])
  t.same(await revocations(app), [])
})
