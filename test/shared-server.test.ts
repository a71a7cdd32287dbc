import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { advanceTime } from '../src/testing/time.ts'
import { internals } from '../plugins/internals.ts'
import { sql } from './support/session-rows.ts'
import { sharedServers } from './support/shared-server.ts'
import { login, makeClient, register } from './support/start-server.ts'

const build = sharedServers(t)
const rowsOf = (app: FastifyInstance) =>
  sql(app, 'SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM audit_events) AS events, slug FROM clients ORDER BY slug')
const AS_NEW = [{ users: '0', events: '0', slug: 'mobile' }, { users: '0', events: '0', slug: 'personal-access' }, { users: '0', events: '0', slug: 'web' }]

/** The servers of two cases, of which the first runs `use`. */
async function serversAround (t: Test, use: (app: FastifyInstance) => unknown): Promise<[FastifyInstance, FastifyInstance]> {
  const apps: FastifyInstance[] = []
  await t.test('first', async (t) => {
    const { app } = await build(t)
    apps.push(app)
    await use(app)
  })
  await t.test('second', async (t) => { apps.push((await build(t)).app) })
  return apps as [FastifyInstance, FastifyInstance]
}

t.test('cases with the same options share a server whose database is as new', async (t) => {
  const names: string[] = []
  const [first, second] = await serversAround(t, async (app) => {
    await register(app)
    await login(app)
    await makeClient(app, { slug: 'spa', proxy: true })
    t.equal((await login(app, undefined, 'spa')).statusCode, 200)
    app.latchkey.on('login.succeeded', () => { names.push('handler of the first') })
  })
  t.equal(first, second)
  t.same(await rowsOf(second), AS_NEW)
  await t.test('third', async (t) => {
    const { app, logs } = await build(t)
    t.equal(app, first)
    t.notMatch(logs(), /incoming request/, 'lines of its own, and those of the start')
    await register(app)
    t.match(logs(), /incoming request/)
    t.equal((await login(app)).statusCode, 200)
    t.equal((await login(app, undefined, 'spa')).statusCode, 404, 'clients are forgotten')
    t.same(names, [])
  })
})

t.test('two servers in one case, and servers with other options, are different ones', async (t) => {
  const [one, two] = [await build(t), await build(t)]
  t.not(one.app, two.app)
  t.not(one.databaseUrl, two.databaseUrl)
  t.equal(internals((await build(t, { passwordGrant: 'off' })).app).config.passwordGrant, 'off')
  const limited = await build(t, { rateLimit: 'on' })
  await t.test('with limits', async (t) => { t.not((await build(t, { rateLimit: 'on' })).app, limited.app) })
  const { app } = await build(t, { databaseUrl: one.databaseUrl })
  await register(app)
  t.equal((await login(one.app)).statusCode, 200, 'the database that was asked for')
})

const changes: Record<string, (app: FastifyInstance) => unknown> = {
  'its clock': (app) => advanceTime(app, 60),
  'a function': (app) => { internals(app).passwords.verify = (async () => { throw new Error('away') }) as never },
  'a function of its pool': (app) => { internals(app).database.pool.query = (async () => { throw new Error('away') }) as never },
  'a client of the template': (app) => sql(app, "UPDATE clients SET name = 'changed' WHERE slug = 'web'"),
  'the lack of a client of the template': (app) => sql(app, "DELETE FROM clients WHERE slug = 'web'"),
  'a column': (app) => sql(app, 'ALTER TABLE users ADD COLUMN extra text'),
  'a default': (app) => sql(app, "ALTER TABLE clients ALTER COLUMN name SET DEFAULT 'x'"),
  'a trigger': (app) => sql(app, 'CREATE TRIGGER extra BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'),
  'its end': (app) => app.close(),
  'its port': (app) => app.listen({ port: 0 })
}

for (const [name, change] of Object.entries(changes)) {
  t.test(`a server that a case has changed (${name}) is not used again`, async (t) => {
    const [first, second] = await serversAround(t, change)
    t.not(first, second)
    t.same(await rowsOf(second), AS_NEW)
  })
}

t.test('a function that is put back is no change', async (t) => {
  const [first, second] = await serversAround(t, (app) => {
    const { pool } = internals(app).database
    const { connect, query } = pool
    pool.connect = (async () => { throw new Error('away') }) as never
    pool.query = (async () => { throw new Error('away') }) as never
    Object.assign(pool, { connect, query })
  })
  t.equal(first, second)
})
