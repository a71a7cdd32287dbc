import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { chooseSchema } from '../../../src/database/choose-schema.ts'
import { migrate } from '../../../src/database/migrate.ts'
import { readyDatabase } from '../../../src/database/ready.ts'
import { resolveConfig } from '../../../src/config/config.ts'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { APP_KEY, createDatabase } from '../../support/start-server.ts'
import { query } from './embedded-helper.ts'

const LOOK_ALIKES =
  'CREATE TABLE users (id int); CREATE TABLE clients (id int); CREATE TABLE sessions (id int, secret_hash bytea); CREATE TABLE settings (name text); CREATE TABLE signing_keys (kid text)'
const PRISMA_MIGRATIONS =
  "CREATE TABLE _prisma_migrations (migration_name text); INSERT INTO _prisma_migrations VALUES ('20261124140000_init')"
const log = { info: () => {}, warn: () => {} }

/** As a start does it. */
async function start (url: string, more: { databaseDirectUrl?: string, ownMigrations?: boolean } = {}) {
  const { ownMigrations = false, ...options } = more
  const config = resolveConfig({ appKey: APP_KEY, databaseUrl: url, login: { attributes: readyAttributes }, ...options })
  return await readyDatabase(config, { log, migrate: false, ownMigrations })
}

async function choice (url: string) {
  const { schema, because, unused } = await chooseSchema(url)
  return { schema, because, unused }
}

async function tables (url: string): Promise<Record<string, string[]>> {
  const rows = await query(
    url,
    "SELECT schemaname AS schema, array_agg(tablename::text ORDER BY tablename) AS names FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1"
  ) as { schema: string, names: string[] }[]
  return Object.fromEntries(rows.map(({ schema, names }) => [schema, names]))
}

const DATABASES = Object.entries({
  'an empty database': 'SELECT 1',
  'a database with tables of another application': 'CREATE TABLE orders (id int)',
  'one whose tables are called like ours': LOOK_ALIKES,
  'one of another Prisma project': PRISMA_MIGRATIONS,
  'one with a view that is called like a table of ours': 'CREATE VIEW signing_keys AS SELECT 1 AS sealed',
  'one without public': 'DROP SCHEMA public',
  'one that looks elsewhere by default':
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = nowhere', current_database()); END $$"
})

t.test('new tables are created in the schema "latchkey", whatever else is in the database', async (t) => {
  for (const [what, sql] of DATABASES) {
    const url = await createDatabase(t, { empty: true })
    await query(url, sql)
    t.strictSame(await choice(url), { schema: 'latchkey', because: 'new', unused: null }, what)
  }
})

t.test('tables of another application are left alone', async (t) => {
  const url = await createDatabase(t, { empty: true })
  await query(url, `${LOOK_ALIKES}; ${PRISMA_MIGRATIONS}`)
  const before = await tables(url)
  const { url: ready, fresh } = await start(url)
  t.ok(fresh)
  t.equal(ready, `${url}?schema=latchkey`)
  const { latchkey, ...others } = await tables(url)
  t.match(latchkey, ['_prisma_migrations'])
  t.strictSame(others, before)
  t.strictSame(await choice(url), { schema: 'latchkey', because: 'standing', unused: null })
})

t.test('existing tables in public are used, whoever migrated them and whatever was added beside them', async (t) => {
  const url = await createDatabase(t)
  await query(url, 'CREATE TABLE orders (id int)')
  t.strictSame(await choice(url), { schema: 'public', because: 'standing', unused: null })
  t.notOk((await start(url)).fresh)
  await query(url, 'DROP TABLE _prisma_migrations')
  t.strictSame(
    await choice(url),
    { schema: 'public', because: 'standing', unused: null },
    'also those that no table of migrations tells of'
  )
  t.notOk((await tables(url))['latchkey'])
})

t.test('the schema that the URL names is always used', async (t) => {
  const [standing, empty] = [await createDatabase(t), await createDatabase(t, { empty: true })]
  t.strictSame(await choice(`${standing}?schema=auth`), { schema: 'auth', because: 'named', unused: null })
  t.strictSame(await choice(`${standing}?application_name=x&schema=latchkey`), { schema: 'latchkey', because: 'named', unused: null })
  await start(`${empty}?schema=public`)
  t.strictSame(Object.keys(await tables(empty)), ['public'])
  t.equal((await start(`${empty}?options=-c%20search_path%3Dother`)).url, `${empty}?options=-c%20search_path%3Dother&schema=public`)
})

t.test('with tables in two schemas, a URL without a schema means the first installation', async (t) => {
  const first = await createDatabase(t)
  await migrate(`${first}?schema=latchkey`)
  t.strictSame(await choice(first), { schema: 'public', because: 'standing', unused: 'latchkey' })
  const second = await createDatabase(t, { empty: true })
  await start(second)
  await migrate(`${second}?schema=public`)
  t.strictSame(await choice(second), { schema: 'latchkey', because: 'standing', unused: 'public' })
})

t.test('tables of another role do not make a server use them instead of its own', async (t) => {
  const { url, role } = await withRole(t)
  const mine = `mine_${randomBytes(6).toString('hex')}`
  await query(url, `CREATE ROLE ${mine} LOGIN PASSWORD 'role'`)
  t.teardown(() => query(url, `DROP OWNED BY ${mine}; DROP ROLE ${mine}`))
  const by = (name: string) => Object.assign(new URL(url), { username: name, password: 'role' }).href
  await query(
    url,
    `DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO ${role}, ${mine}', current_database()); END $$; GRANT CREATE ON SCHEMA public TO ${mine}`
  )
  await start(by(role))
  await start(`${by(mine)}?schema=public`)
  t.strictSame(await choice(by(role)), { schema: 'latchkey', because: 'standing', unused: 'public' })
  t.strictSame(await choice(by(mine)), { schema: 'public', because: 'standing', unused: 'latchkey' })
  await t.rejects(
    choice(url),
    { message: /in the schemas "latchkey" and "public", and have different owners: choose yours/ },
    'who may everything must say which'
  )
})

t.test('several servers that start at once choose the same schema', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const started = await Promise.all([start(url), start(url), start(url)])
  t.same(new Set(started.map((ready) => ready.url)).size, 1)
  t.strictSame(Object.keys(await tables(url)), ['latchkey'])
})

t.test('the feed uses the same schema, and a direct URL with another one stops the start', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const direct = `${url}?application_name=direct`
  t.equal((await start(url, { databaseDirectUrl: direct })).directUrl, `${direct}&schema=latchkey`)
  t.equal((await start(url, { databaseDirectUrl: `${url}?schema=latchkey` })).directUrl, `${url}?schema=latchkey`)
  await t.rejects(start(url, { databaseDirectUrl: `${url}?schema=public` }), {
    name: 'ConfigError',
    message: /databaseDirectUrl names the schema "public", and the tables are in "latchkey"/
  })
})

t.test('a host that applies our migrations itself has the tables in its own schema', async (t) => {
  const url = await createDatabase(t, { empty: true })
  t.equal((await start(url, { ownMigrations: true })).url, `${url}?schema=public`)
  await migrate(`${url}?schema=latchkey`)
  t.equal((await start(url, { ownMigrations: true })).url, `${url}?schema=latchkey`)
})

t.test('a role without a privilege is told which one to grant, and works once it has it', async (t) => {
  const { url, limited, role } = await withRole(t)
  const name = new URL(url).pathname.slice(1)
  await t.rejects(start(limited), {
    message: new RegExp(
      `^the role "${role}" may not make the schema "latchkey": GRANT CREATE ON DATABASE "${name}" TO "${role}", or .*\\?schema=public`
    )
  })
  t.strictSame(await tables(url), {})
  await query(url, 'CREATE SCHEMA latchkey')
  await t.rejects(start(limited), { message: /may not read "latchkey"\._prisma_migrations: grant it USAGE/ })
  await query(url, `GRANT USAGE ON SCHEMA latchkey TO ${role}`)
  await t.rejects(start(limited), { message: /may not make tables in the schema "latchkey": GRANT USAGE, CREATE ON SCHEMA "latchkey" TO/ })
  await query(url, `GRANT CREATE ON SCHEMA latchkey TO ${role}`)
  t.ok((await start(limited)).fresh)
})

t.test('a role that may create tables in public only is told to name a schema, and needs that once', async (t) => {
  const { url, limited, role } = await withRole(t)
  await query(url, `GRANT CREATE ON SCHEMA public TO ${role}`)
  await t.rejects(start(limited), {
    message:
      /may not make the schema "latchkey": GRANT CREATE ON DATABASE .* or name a schema where it may, such as \?schema=public in the database URL$/
  })
  t.strictSame(await tables(url), {})
  t.ok((await start(`${limited}?schema=public`)).fresh)
  t.equal((await start(limited)).url, `${limited}?schema=public`, 'the tables stand there')
})

t.test("a role that cannot read the host's migrations finds our tables", async (t) => {
  const { url, limited, role } = await withRole(t)
  await query(url, PRISMA_MIGRATIONS)
  await start(url)
  await t.rejects(start(limited), { message: /may not read "latchkey"\._prisma_migrations/ })
  await query(url, `GRANT USAGE ON SCHEMA latchkey TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA latchkey TO ${role}`)
  t.notOk((await start(limited)).fresh)
})

async function withRole (t: Test): Promise<{ url: string, limited: string, role: string }> {
  const url = await createDatabase(t, { empty: true })
  const role = `role_${randomBytes(6).toString('hex')}`
  await query(url, `CREATE ROLE ${role} LOGIN PASSWORD 'role'`)
  t.teardown(() => query(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`))
  return { url, role, limited: Object.assign(new URL(url), { username: role, password: 'role' }).href }
}
