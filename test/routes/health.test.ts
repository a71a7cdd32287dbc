import Fastify from 'fastify'
import t from 'tap'
import { latchkey } from '../../src/index.ts'
import { sharedServers } from '../support/shared-server.ts'
import { createDatabase, FAST } from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

t.test('/health answers while the process runs', async (t) => {
  const { app } = await build(t)
  const answer = await app.inject('/health')
  t.match([answer.statusCode, answer.json()], [200, { status: 'ok' }])
  internals(app).database.pool.query = (async () => { throw new Error('away') }) as never
  t.equal((await app.inject('/health')).statusCode, 200, 'without a database, too')
})

t.test('/ready is 503 while the database is unreachable', async (t) => {
  const { app } = await build(t)
  t.match((await app.inject('/ready')).json(), { ready: true, database: true, revocations: true })
  const { pool } = internals(app).database
  const { query } = pool
  pool.query = (async () => { throw new Error('away') }) as never
  const answer = await app.inject('/ready')
  t.match([answer.statusCode, answer.json()], [503, { ready: false, database: false, revocations: true }])
  t.ok(Number(answer.headers['retry-after']) >= 1)
  pool.query = query
  t.equal((await app.inject('/ready')).statusCode, 200, 'and when it is back')
})

t.test('/ready is 503 while the revocations are stale', async (t) => {
  const { app } = await build(t)
  const { revocation: { feed }, config } = internals(app)
  const { age } = feed
  feed.age = () => config.revocation.maxStaleness + 1
  const answer = await app.inject('/ready')
  t.match([answer.statusCode, answer.json()], [503, { ready: false, database: true, revocations: false }])
  feed.age = age
  t.equal((await app.inject('/ready')).statusCode, 200)
})

t.test('probes are not rate-limited and disclose no internals', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  for (let i = 0; i < 100; i++) {
    const answer = await app.inject('/health')
    if (answer.statusCode !== 200) t.fail(answer.body)
  }
  const { rawPayload, headers } = await app.inject('/ready')
  t.ok(rawPayload.length < 100)
  t.notOk(headers['x-powered-by'] ?? headers['server'])
})

t.test('in a host the probes are served under the prefix, or not at all', async (t) => {
  const { app } = await build(t, { prefix: '/auth' })
  t.equal((await app.inject('/auth/health')).statusCode, 200)
  t.equal((await app.inject('/health')).statusCode, 404)
  const { app: plain } = await build(t, { operations: false })
  for (const path of ['/health', '/ready', '/metrics', '/docs']) t.equal((await plain.inject(path)).statusCode, 404, path)
})

t.test('/health, /ready and /metrics answer while the event loop is late, and other routes are 503', async (t) => {
  // Not as `build` makes it, which turns nothing away
  const app = Fastify({ pluginTimeout: 60_000 })
  t.teardown(() => app.close())
  await app.register(latchkey, { ...FAST, operations: true, databaseUrl: await createDatabase(t) })
  await app.ready()
  for (let round = 0; round < 5; round++) {
    const until = performance.now() + 1200
    while (performance.now() < until) { /* each turn of the loop takes that long */ }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  t.match(await app.inject('/.well-known/jwks.json'), { statusCode: 503, headers: { 'retry-after': '2' } })
  for (const path of ['/health', '/ready', '/metrics']) t.equal((await app.inject(path)).statusCode, 200, path)
})
