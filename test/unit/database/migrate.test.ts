import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t, { type Test } from 'tap'
import { migrate, pendingMigrations } from '../../../src/database/migrate.ts'
import { shippedMigrations } from '../../../src/database/migrations-directory.ts'
import { createDatabase } from '../../support/start-server.ts'

const MIGRATOR = fileURLToPath(new URL(`migrator${extname(import.meta.url)}`, import.meta.url))
const shipped = (await readdir(shippedMigrations)).filter((name) => !name.includes('.')).sort()

t.test('migrate applies every shipped migration once', async (t) => {
  const url = await createDatabase(t, { empty: true })
  t.strictSame(await pendingMigrations(url), { applied: [], pending: shipped })
  t.strictSame(await migrate(url), { applied: shipped })
  t.strictSame(await pendingMigrations(url), { applied: shipped, pending: [] })
  t.strictSame(await migrate(url), { applied: [] })
})

t.test('the Prisma engine is not loaded when nothing is pending', async (t) => {
  const inline = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`
  const refuse = inline(`export async function resolve (name, context, next) {
    if (name.includes('apply-migrations')) process.exit(3)
    return await next(name, context)
  }`)
  const hook = inline(`import { register } from 'node:module'; register(${JSON.stringify(refuse)})`)
  const exitOf = async (url: string) => (await once(fork(MIGRATOR, [url], { execArgv: [`--import=${hook}`] }), 'exit') as [number])[0]
  t.equal(await exitOf(await createDatabase(t)), 0)
  t.equal(await exitOf(await createDatabase(t, { empty: true })), 3)
})

t.test('several processes that migrate at once apply each migration once', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const results = await Promise.all([migrate(url), migrate(url), migrate(url)])
  t.strictSame(results.map(({ applied }) => applied).sort((a, b) => b.length - a.length), [shipped, [], []])
})

t.test("a process that waits too long for another one's migrations gets an error that says so", async (t) => {
  const url = await createDatabase(t, { empty: true })
  const other = new pg.Client(url)
  await other.connect()
  t.teardown(() => other.end())
  await other.query('SELECT pg_advisory_lock(72707369)')
  await t.rejects(migrate(`${url}?lock_timeout=100`), { message: /another process has been migrating/ })
})

t.test('all tables are created in the schema of the URL', async (t) => {
  const url = `${await createDatabase(t, { empty: true })}?schema=au"th`
  t.strictSame((await migrate(url)).applied, shipped)
  t.strictSame(await pendingMigrations(url), { applied: shipped, pending: [] })
  const schemas = await query(
    url,
    "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('users', 'signing_keys', '_prisma_migrations')"
  )
  t.strictSame(schemas, [{ schemaname: 'au"th' }])
})

t.test('migrating needs privileges in its own schema only', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const role = `role_${randomBytes(6).toString('hex')}`
  await query(url, `CREATE ROLE ${role} LOGIN PASSWORD 'role'; CREATE SCHEMA auth AUTHORIZATION ${role}`)
  t.teardown(() => query(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`))
  const limited = new URL(url)
  Object.assign(limited, { username: role, password: 'role', search: '?schema=auth' })
  t.strictSame((await migrate(limited.href)).applied, shipped)
})

t.test('migrations are applied beside tables of others', async (t) => {
  const url = await createDatabase(t, { empty: true })
  await query(url, 'CREATE TABLE orders (id int)')
  t.strictSame((await migrate(url)).applied, shipped)
})

t.test('an unreachable database is reported in one line, with the reason', async (t) => {
  const cases: [url: string, message: RegExp][] = [
    ['postgresql://u:secret@127.0.0.1:1/db', /^cannot connect to the database at 127\.0\.0\.1:1: connect ECONNREFUSED .*$/],
    ['postgresql://u:secret@no-such-host.invalid/db', /^cannot connect to the database at no-such-host\.invalid:5432: .*ENOTFOUND.*$/],
    ['postgresql://u:secret@/db?host=/nowhere', /^cannot connect to the database at \/nowhere\/\.s\.PGSQL\.5432: .*ENOENT.*$/],
    [(await createDatabase(t, { empty: true })).replace(/\/[^/]*$/, '/no_such_database'),
      /^cannot connect .*database "no_such_database" does not exist$/]
  ]
  for (const [url, message] of cases) {
    await t.rejects(migrate(url), { message })
    await t.rejects(pendingMigrations(url), { message })
  }
})

t.test('a failed migration changes nothing, and can be tried again', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const directory = await migrations(t, { '1_good': 'CREATE TABLE good (id int)', '2_bad': 'CREATE TABLE bad (id int); SELECT 1/0;' })
  await t.rejects(migrate(url, directory), { message: /^migration 2_bad failed, and nothing was changed: division by zero$/ })
  t.strictSame(await tables(url), [])
  t.strictSame(await pendingMigrations(url, directory), { applied: [], pending: ['1_good', '2_bad'] })
  await writeFile(join(directory, '2_bad', 'migration.sql'), 'CREATE TABLE bad (id int)')
  t.strictSame(await migrate(url, directory), { applied: ['1_good', '2_bad'] })
})

t.test('a migration that is killed half-way leaves nothing behind', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const directory = await migrations(t, { '1_slow': 'CREATE TABLE slow (id int); SELECT pg_sleep(60)' })
  const migrator = fork(MIGRATOR, [url, directory])
  t.teardown(() => migrator.kill('SIGKILL'))
  while ((await query(url, "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()")).length === 0) {
    await delay(20)
  }
  migrator.kill('SIGKILL')
  await once(migrator, 'exit')
  await query(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()")
  await writeFile(join(directory, '1_slow', 'migration.sql'), 'CREATE TABLE slow (id int)')
  t.strictSame(await migrate(url, directory), { applied: ['1_slow'] })
})

t.test('a script runs as a whole, with semicolons in functions and strings', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const directory = await migrations(t, {
    '1_function':
      "CREATE FUNCTION two() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'a;b'; END; $$; -- not; the end\nCREATE TABLE after (id int);"
  })
  await migrate(url, directory)
  t.strictSame(await query(url, 'SELECT two()'), [{ two: 'a;b' }])
})

t.test('the error about a migration that the Prisma CLI left failed says what to do', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const directory = await migrations(t, { '1_first': 'CREATE TABLE first (id int)' })
  await migrate(url, directory)
  await query(url, 'DROP TABLE first; UPDATE _prisma_migrations SET finished_at = NULL')
  t.strictSame(await pendingMigrations(url, directory), { applied: [], pending: ['1_first'] })
  await t.rejects(migrate(url, directory), { message: /^migration 1_first failed before: .*--rolled-back 1_first/ })
  await query(url, 'UPDATE _prisma_migrations SET rolled_back_at = now()')
  t.strictSame(await pendingMigrations(url, directory), { applied: [], pending: ['1_first'] })
  t.strictSame(await migrate(url, directory), { applied: ['1_first'] })
  t.strictSame(await pendingMigrations(url, directory), { applied: ['1_first'], pending: [] })
})

t.test('migrations of another project are not mixed with ours', async (t) => {
  const url = await createDatabase(t, { empty: true })
  await migrate(url, await migrations(t, { '1_theirs': 'CREATE TABLE theirs (id int)' }))
  await t.rejects(migrate(url), { message: /another Prisma project \(1_theirs\).*\?schema=latchkey/ })
  t.strictSame((await migrate(`${url}?schema=auth`)).applied, shipped)
})

t.test('with tables of another application in the way nothing changes, and the error names a solution', async (t) => {
  const url = await createDatabase(t, { empty: true })
  await query(url, 'CREATE TABLE users (id int)')
  await t.rejects(migrate(url), { message: /nothing was changed: .*"users" already exists.*\?schema=latchkey/ })
  await query(url, "SELECT 1 / (count(*) = 1)::int FROM pg_tables WHERE schemaname = 'public'")
  t.strictSame((await migrate(`${url}?schema=latchkey`)).applied, shipped)
})

t.test('a database with newer migrations is left alone', async (t) => {
  const url = await createDatabase(t, { empty: true })
  const directory = await migrations(t, {})
  await cp(shippedMigrations, directory, { recursive: true })
  await mkdir(join(directory, '99999999999999_later'))
  await writeFile(join(directory, '99999999999999_later', 'migration.sql'), 'CREATE TABLE later (id int)')
  await migrate(url, directory)
  t.strictSame(await migrate(url), { applied: [] })
})

t.test('the transaction id of a revocation is stored as xid8', async (t) => {
  const url = await createDatabase(t)
  await query(url, "INSERT INTO revocations (kind, subject, expires_at) VALUES ('token', 'a', now())")
  const [row] = await query(url, 'SELECT xid::text, pg_typeof(xid)::text AS type FROM revocations')
  t.match(row, { xid: /^\d+$/, type: 'xid8' })
  t.equal((await query(url, 'SELECT FROM revocations WHERE xid >= $1::xid8', [row?.xid])).length, 1)
  t.equal((await query(url, 'SELECT FROM revocations WHERE xid > $1::xid8', [row?.xid])).length, 0)
})

t.test('only one key per algorithm may have no end of signing', async (t) => {
  const url = await createDatabase(t, { empty: true })
  await migrate(url)
  const insert = "INSERT INTO signing_keys (kid, alg, public_jwk, sealed, signs_from) VALUES ($1, 'ES256', '{}', '', now())"
  await query(url, insert, ['first'])
  await t.rejects(query(url, insert, ['second']), { code: '23505' })
  await query(url, 'UPDATE signing_keys SET signs_until = now()')
  await query(url, insert, ['second'])
})

/** A directory of migrations: name → script. */
async function migrations (t: Test, scripts: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-migrations-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'migration_lock.toml'), 'provider = "postgresql"\n')
  for (const [name, script] of Object.entries(scripts)) {
    await mkdir(join(directory, name))
    await writeFile(join(directory, name, 'migration.sql'), script)
  }
  return directory
}

async function tables (url: string): Promise<unknown[]> {
  return await query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
}

async function query (url: string, sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows
  } finally {
    await client.end()
  }
}
