import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { build, claimsOf, eventually, logout, profile, signedIn } from '../../support/start-server.ts'
import { createSwitch } from '../../support/server-switch.ts'
import { twoServers, type Server } from '../../support/two-servers.ts'
import { internals } from '../../../plugins/internals.ts'

// A machine may be busy; what is waited for takes some seconds
const PATIENCE = 60_000
const answers = async (app: FastifyInstance, text: string, status: number) =>
  await eventually(async () => (await profile(app, text)).statusCode === status, PATIENCE)

/** Transaction ids of which the standby hears nothing. */
const useTransactionIds = (server: Server) =>
  server.query('DO $$ BEGIN FOR i IN 1..1000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$')

t.test("a feed that stays connected through a failover misses no revocation, however low the new server's transaction ids are", async (t) => {
  const { primary, standby, caughtUp, promote } = await twoServers(t)
  const gate = await createSwitch(t, primary.url)
  const { app } = await build(t, { databaseUrl: primary.url, databaseDirectUrl: gate.through(primary.url) })
  const [early, late] = [await signedIn(app, { email: 'early@example.com' }), await signedIn(app, { email: 'late@example.com' })]
  await caughtUp()
  await promote()

  await useTransactionIds(primary)
  await primary.query(
    `INSERT INTO revocations (kind, subject, expires_at) VALUES ('session', '${String(claimsOf(early.access_token)['sid'])}', now() + interval '1 hour')`
  )
  t.ok(await answers(app, early.access_token, 401), 'the cursor is past what is there')

  const { app: other } = await build(t, { databaseUrl: standby.url })
  await gate.turn(standby.url)
  await logout(other, late.access_token)
  const [lowest] = await standby.query<{ xid: string }>('SELECT max(xid::text::bigint)::text AS xid FROM revocations')
  const [highest] = await primary.query<{ xid: string }>('SELECT max(xid::text::bigint)::text AS xid FROM revocations')
  t.ok(BigInt(lowest!.xid) < BigInt(highest!.xid), 'below the cursor')
  t.ok(await answers(app, late.access_token, 401), 'refused')
  t.equal((await profile(app, early.access_token)).statusCode, 401, 'and nothing is taken back that was revoked')
})

t.test('guards answer 503 while only a demoted primary answers, and recover once the new one is reached', async (t) => {
  const { primary, standby, synchronous, caughtUp, promote } = await twoServers(t)
  // What a server may be set to: a commit that waits for nothing proves nothing
  await primary.query('ALTER DATABASE latchkey SET synchronous_commit = off')
  const gate = await createSwitch(t, primary.url)
  const { app, logs } = await build(t, {
    databaseUrl: primary.url, databaseDirectUrl: gate.through(primary.url), revocation: { maxStaleness: 5 }
  })
  const [gone, good] = [await signedIn(app, { email: 'gone@example.com' }), await signedIn(app, { email: 'good@example.com' })]
  await synchronous()
  t.ok(await eventually(() => internals(app).revocation.feed.age() < 1, PATIENCE))
  t.equal((await profile(app, gone.access_token)).statusCode, 200)

  await caughtUp()
  await promote()
  const { app: other } = await build(t, { databaseUrl: standby.url })
  await internals(other).store.users.setDisabled(gone.user.id, true)
  t.equal((await standby.query('SELECT FROM revocations')).length, 1)
  t.ok(await answers(app, gone.access_token, 503), 'as soon as its knowledge is old')
  t.equal((await app.inject('/ready')).statusCode, 503)

  for (let times = 0; times < 2; times++) {
    const cancel = async () =>
      (await primary.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")).length > 0
    const number = async () => (await primary.query<{ number: string }>('SELECT number::text FROM feed_pulse'))[0]!.number
    const before = await number()
    t.ok(
      await eventually(async () => await number() !== before || (await cancel() && false), PATIENCE),
      'a commit that was not confirmed is there'
    )
    t.notOk(await eventually(async () => (await profile(app, gone.access_token)).statusCode !== 503, 2500), 'and proves nothing')
  }
  t.match(logs(), 'The database accepts no commit')

  await gate.turn(standby.url)
  t.ok(await answers(app, good.access_token, 200), 'the new one is believed when it has proven to be one')
  t.equal((await profile(app, gone.access_token)).statusCode, 401)
})
