import pg from 'pg'
import t from 'tap'
import {
  build, createDatabase, eventually, login, logout, makeClient, PASSWORD, profile, signedIn,
  type Tokens
} from '../../support/start-server.ts'
import { internals } from '../../../plugins/internals.ts'

async function two (t: Parameters<typeof build>[0], suffix = '') {
  const databaseUrl = await createDatabase(t, { empty: suffix !== '' }) + suffix
  const { app: first } = await build(t, { databaseUrl })
  const { app: second } = await build(t, { databaseUrl })
  return { first, second, databaseUrl }
}

t.test('a session that was logged out in one process is refused in the others within a moment', async (t) => {
  const { first, second } = await two(t)
  const waits: number[] = []
  for (let i = 0; i < 20; i++) {
    const { access_token: text } = await signedIn(first, { email: `user${i}@example.com` })
    t.equal((await profile(second, text)).statusCode, 200)
    await logout(first, text)
    const began = performance.now()
    t.ok(await eventually(async () => (await profile(second, text)).statusCode === 401), 'refused')
    waits.push(performance.now() - began)
  }
  waits.sort((a, b) => a - b)
  t.comment(`slowest ${waits.at(-1)!.toFixed(1)} ms`)
  // A poll comes each two seconds; a machine that is busy makes one of them slow, not half of them
  t.ok(waits[10]! < 700, 'by the notification, not by the poll')
})

t.test('disabling a user, changing a password and revoking a client end the tokens in every process', async (t) => {
  const { first, second } = await two(t)
  const disabled = await signedIn(first, { email: 'disabled@example.com' })
  await internals(first).store.users.setDisabled(disabled.user.id, true)
  t.ok(await eventually(async () => (await profile(second, disabled.access_token)).statusCode === 401))
  t.equal((await login(second, { email: 'disabled@example.com' })).statusCode, 401)

  const here = await signedIn(first, { email: 'changed@example.com' })
  const elsewhere = (await login(second, { email: 'changed@example.com' })).json<Tokens>()
  await first.inject({
    method: 'PATCH', url: '/v1/profile/password', headers: { authorization: `Bearer ${here.access_token}` },
    payload: { current_password: PASSWORD, new_password: 'another good password' }
  })
  t.ok(await eventually(async () => (await profile(second, elsewhere.access_token)).statusCode === 401))
  t.equal((await profile(second, here.access_token)).statusCode, 200, 'the session that changed it goes on')

  const { id } = await makeClient(first, { slug: 'shop', proxy: true })
  const shopper = (await login(first, { email: 'changed@example.com', password: 'another good password' }, 'shop')).json<Tokens>()
  t.equal((await profile(second, shopper.access_token)).statusCode, 200)
  await internals(first).store.clients.revoke(id)
  t.ok(await eventually(async () => (await profile(second, shopper.access_token)).statusCode === 401))
})

t.test('a revocation whose transaction began first and committed last is not missed', async (t) => {
  const { app, databaseUrl } = await build(t)
  const slow = await signedIn(app, { email: 'slow@example.com' })
  const fast = await signedIn(app, { email: 'fast@example.com' })
  const client = new pg.Client(databaseUrl)
  await client.connect()
  t.teardown(() => client.end())
  await client.query('BEGIN')
  const sid = JSON.parse(Buffer.from(slow.access_token.split('.')[1]!, 'base64url').toString()).sid as string
  await client.query("INSERT INTO revocations (kind, subject, expires_at) VALUES ('session', $1, now() + interval '1 hour')", [sid])
  await logout(app, fast.access_token)
  internals(app).revocation.feed.announce()
  t.ok(await eventually(async () => (await profile(app, fast.access_token)).statusCode === 401))
  t.equal((await profile(app, slow.access_token)).statusCode, 200, 'not committed yet')
  await client.query('COMMIT')
  internals(app).revocation.feed.announce()
  t.ok(await eventually(async () => (await profile(app, slow.access_token)).statusCode === 401, 4000))
})

t.test('a feed reconnects after a failure and receives the revocations that it missed', async (t) => {
  const { first, second, databaseUrl } = await two(t)
  const { access_token: text } = await signedIn(first)
  const client = new pg.Client(databaseUrl)
  await client.connect()
  await client.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey feed' AND datname = current_database()"
  )
  await client.end()
  await logout(first, text)
  t.ok(await eventually(async () => (await profile(second, text)).statusCode === 401, 5000))
  t.ok(await eventually(() => internals(second).revocation.feed.age() < 3, 5000))
})

t.test('?schema=auth separates tables and feed', async (t) => {
  const { first, second } = await two(t, '?schema=auth')
  const { access_token: text } = await signedIn(first)
  t.equal((await profile(second, text)).statusCode, 200)
  await logout(first, text)
  t.ok(await eventually(async () => (await profile(second, text)).statusCode === 401))
  const { rows } = await internals(first).database.pool.query(
    "SELECT count(*)::int AS tables FROM information_schema.tables WHERE table_schema = 'public'"
  )
  t.equal(rows[0].tables, 0)
})

t.test('a guard with stale revocations answers 503 with Retry-After', async (t) => {
  const { app } = await build(t, { revocation: { maxStaleness: 5 } })
  const { access_token: text } = await signedIn(app)
  await internals(app).revocation.feed.stop()
  t.ok(await eventually(async () => (await profile(app, text)).statusCode === 503, 10_000))
  const response = await profile(app, text)
  t.ok(Number(response.headers['retry-after']) > 0)
  t.match(response.json(), { code: 'LK_STALE' })
  t.equal((await app.inject('/ready')).statusCode, 503)
})
