import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import t from 'tap'
import { packageRoot } from '../../../src/database/package-root.ts'
import { purge, type PurgeOptions, type Purged } from '../../../src/maintenance/purge.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, login, logout, profile, refresh, signedIn, type Tokens } from '../../support/start-server.ts'
import { sessionId, sessionOf, sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const EXPIRED = { expired: true, revoked: false, keep: 0, auditRetention: 90 * 86_400 }
const REVOKED = { ...EXPIRED, expired: false, revoked: true }

const run = (app: FastifyInstance, options: PurgeOptions = EXPIRED, signal = new AbortController().signal): Promise<Purged | null> =>
  purge(internals(app).store.purge, options, signal)

const count = async (app: FastifyInstance, table: string) =>
  (await sql<{ n: number }>(app, `SELECT count(*)::int AS n FROM ${table}`))[0]!.n

/** Two rows in each table that fills by itself, one of them past its end. */
async function fill (app: FastifyInstance): Promise<void> {
  const { user } = await signedIn(app)
  // The login of a moment ago is written by then
  await eventually(async () => await count(app, 'audit_events') === 2)
  await sql(app, 'DELETE FROM sessions; DELETE FROM rate_limits; DELETE FROM audit_events')
  const ends = ["now() - interval '2 hours'", "now() + interval '2 hours'"]
  for (const [index, end] of ends.entries()) {
    await sql(
      app,
      `INSERT INTO sessions (id, user_id, client_id, scopes, secret_hash, token_epoch, expires_at) VALUES (gen_random_uuid(), $1, 'c', '{}', '', 0, ${end})`,
      [user.id]
    )
    await sql(
      app,
      `INSERT INTO browser_sessions (id, token_hash, user_id, token_epoch, auth_time, expires_at) VALUES (gen_random_uuid(), '${index}', $1, 0, now(), ${end})`,
      [user.id]
    )
    await sql(
      app,
      `INSERT INTO authorization_codes (hash, client_id, user_id, session_id, token_epoch, redirect_uri, scopes, auth_time, expires_at)
      VALUES ('${index}', 'c', $1, gen_random_uuid(), 0, 'https://a', '{}', now(), ${end})`,
      [user.id]
    )
    await sql(
      app,
      `INSERT INTO device_codes (hash, user_code_hash, client_id, scopes, interval, expires_at) VALUES ('${index}', '${index}', 'c', '{}', 5, ${end})`
    )
    await sql(
      app,
      `INSERT INTO personal_access_tokens (id, user_id, client_id, name, scopes, hash, token_epoch, expires_at) VALUES (gen_random_uuid(), $1, 'c', 'x', '{}', '${index}', 0, ${end})`,
      [user.id]
    )
    await sql(app, `INSERT INTO one_time_tokens (hash, purpose, expires_at) VALUES ('${index}', 'invite', ${end})`)
    await sql(app, `INSERT INTO auth_sessions (hash, proven, expires_at) VALUES ('${index}', '{pwd}', ${end})`)
    await sql(
      app,
      `INSERT INTO upstream_sessions (id, user_id, provider, subject, expires_at) VALUES (gen_random_uuid(), $1, 'acme', '${index}', ${end})`,
      [user.id]
    )
    await sql(
      app,
      `INSERT INTO remembered_browsers (id, user_id, hash, password_stamp, token_epoch, expires_at) VALUES (gen_random_uuid(), $1, '${index}', 0, 0, ${end})`,
      [user.id]
    )
    await sql(app, `INSERT INTO identifier_holds (hash, expires_at) VALUES ('${index}', ${end})`)
    await sql(
      app,
      `INSERT INTO identifiers (attribute, value, display, released_from, released_at) VALUES ('email', '${index}@old.test', '', $1, ${end} - interval '30 days')`,
      [user.id]
    )
    await sql(app, `INSERT INTO revocations (kind, subject, expires_at) VALUES ('token', '${index}', ${end})`)
    await sql(app, `INSERT INTO rate_limits (key, points, expire) VALUES ('${index}', 1, (extract(epoch FROM ${end}) * 1000)::bigint)`)
    await sql(
      app,
      `INSERT INTO signing_keys (kid, alg, public_jwk, sealed, signs_from, signs_until, keep_until) VALUES ('${index}', 'ES256', '{}', '', now(), now(), ${end})`
    )
    // A dead letter is kept for a week
    await sql(app, `INSERT INTO outbox (id, kind, sealed, expires_at) VALUES (gen_random_uuid(), 'mail', '', ${end} - interval '7 days')`)
    await sql(app, `INSERT INTO audit_events (id, type, created_at) VALUES (gen_random_uuid(), 'x', ${end} - interval '90 days')`)
  }
}

const expiredSessions = (app: FastifyInstance, userId: string, many: number) => sql(
  app,
  `INSERT INTO sessions (id, user_id, client_id, scopes, secret_hash, token_epoch, expires_at)
   SELECT gen_random_uuid(), $1, 'c', '{}', '', 0, now() - i * interval '1 hour' FROM generate_series(1, $2) i`,
  [userId, many]
)

t.test('purge deletes what has expired, in every table, and nothing else', async (t) => {
  const { app } = await build(t)
  await fill(app)
  t.same(await run(app), {
    sessions: 1, browser_sessions: 1, authorization_codes: 1, device_codes: 1, personal_access_tokens: 1,
    one_time_tokens: 1, auth_sessions: 1, upstream_sessions: 1, remembered_browsers: 1, identifier_holds: 1, identifiers: 1,
    revocations: 1, signing_keys: 1, rate_limits: 1, outbox: 1, audit_events: 1
  })
  t.same(Object.values((await run(app))!), Array(16).fill(0))
  t.equal(await count(app, 'sessions'), 1)
  t.ok((await login(app)).statusCode === 200, 'the keys that sign are there')
})

t.test('purge keeps what expired less than `keep` hours ago', async (t) => {
  const { app } = await build(t)
  await fill(app)
  t.same(Object.values((await run(app, { ...EXPIRED, keep: 3 * 3600 }))!), Array(16).fill(0))
})

t.test('every table with an expiry time is purged', async (t) => {
  const { app } = await build(t)
  const purged = internals(app).store.purge.steps(EXPIRED).map(({ table }) => table)
  const models = readFileSync(join(packageRoot, 'prisma/schema.prisma'), 'utf8').match(/^model [\s\S]*?^}/gm)!
  const ending = models
    .filter((model) => /^ {2}(expiresAt|expire|keepUntil) /m.test(model))
    .map((model) => /@@map\("(.*)"\)/.exec(model)![1]!)
  t.ok(ending.length >= 6)
  t.same(ending.filter((table) => !purged.includes(table)), [])
})

t.test('purge deletes revoked rows, and their tokens stay refused', async (t) => {
  const { app } = await build(t)
  const [first, second] = [await signedIn(app), (await login(app)).json<Tokens>()]
  t.equal((await logout(app, first.access_token)).statusCode, 202)
  t.match(await run(app, REVOKED), { sessions: 1, browser_sessions: 0, signing_keys: 0 })
  t.equal(await sessionOf(app, first), undefined)
  t.equal((await profile(app, first.access_token)).statusCode, 401)
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
  t.equal((await profile(app, second.access_token)).statusCode, 200)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 200)
  t.equal(await count(app, 'revocations'), 1)
})

t.test('purge deletes in batches, and skips rows that others have locked', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { user, ...tokens } = await signedIn(app)
  await expiredSessions(app, user.id, 1500)
  const other = new pg.Client(databaseUrl)
  await other.connect()
  await other.query("BEGIN; SELECT FROM sessions WHERE expires_at < now() - interval '1499.5 hours' FOR UPDATE")
  t.match(await run(app), { sessions: 1499 })
  await other.end()
  t.match(await run(app), { sessions: 1 })
  await sql(app, 'UPDATE sessions SET revoked_at = now()')
  await expiredSessions(app, user.id, 1200)
  t.match(await run(app, REVOKED), { sessions: 1 }, 'along the primary key, too')
  t.not(sessionId(tokens), undefined)
})

t.test('only one process purges at a time', async (t) => {
  const { app } = await build(t)
  const { purge: store } = internals(app).store
  t.equal(await store.alone(() => run(app)), null)
  t.not(await run(app), null, 'the lock is gone with its holder')
  await t.rejects(store.alone(async () => { throw new Error('no') }), { message: 'no' })
  t.not(await run(app), null)
})

t.test('purge holds back no vacuum between batches, and stops when it has lost its connection', async (t) => {
  const { app } = await build(t)
  const ended = await internals(app).store.purge.alone(async (signal) => {
    const [row] = await sql<{ state: string, xmin: string | null, pid: number }>(
      app,
      "SELECT state, backend_xmin::text AS xmin, pid FROM pg_stat_activity WHERE application_name = 'latchkey purge' AND datname = current_database()"
    )
    t.match(row, { state: 'idle in transaction', xmin: null })
    await sql(app, 'SELECT pg_terminate_backend($1)', [row!.pid])
    return await eventually(() => signal.aborted)
  })
  t.equal(ended, true)
})

t.test('purge stops when its signal is aborted', async (t) => {
  const { app } = await build(t)
  const { user } = await signedIn(app)
  await expiredSessions(app, user.id, 500)
  t.match(await run(app, EXPIRED, AbortSignal.abort()), { sessions: 0 })
  t.equal(await count(app, 'sessions'), 501)
})

t.test('a server purges by itself, and closes without waiting for it', async (t) => {
  const { app, logs } = await build(t, { purgeEvery: 1 })
  const { user } = await signedIn(app)
  await expiredSessions(app, user.id, 3)
  t.ok(await eventually(async () => await count(app, 'sessions') === 1, 5000))
  t.ok(await eventually(() => logs().includes('Expired rows purged')))
  await sql(app, 'ALTER TABLE sessions RENAME TO elsewhere')
  t.ok(await eventually(() => logs().includes('Expired rows could not be purged'), 5000), 'and goes on after a failure')
  await sql(app, 'ALTER TABLE elsewhere RENAME TO sessions')
  await app.close()
})
