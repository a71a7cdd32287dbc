import { join } from 'node:path'
import { connect, createServer, type AddressInfo } from 'node:net'
import pg from 'pg'
import t, { type Test } from 'tap'
import { doctor } from '../../src/cli/doctor.ts'
import { createProgram } from '../../src/cli/program.ts'
import type { Check } from '../../src/maintenance/doctor/check.ts'
import { migrate } from '../../src/database/migrate.ts'
import { checkFeed } from '../../src/maintenance/doctor/feed.ts'
import type { Variables } from '../../src/config/environment.ts'
import { APP_KEY, createDatabase } from '../support/start-server.ts'
import { contextFor, run } from './helper.ts'

type Report = { ok: boolean, checks: Check[] }

async function examine (t: Test, variables: Variables = {}, args = {}) {
  const { json, lines, exitCode } = await doctor(await contextFor(t, variables), args)
  const { ok, checks } = json as Report
  return { ok, checks, lines, exitCode, statusOf: (name: string) => checks.find((check) => check.name === name)?.status }
}

/** A database that was changed by this SQL. */
async function databaseAfter (t: Test, sql: string): Promise<Variables> {
  const url = await createDatabase(t)
  const client = new pg.Client(url)
  await client.connect()
  await client.query(sql).finally(() => client.end())
  return { DATABASE_URL: url }
}

// What is in a test's own folder goes with its context
const folder = t.testdir({ file: '', empty: {} })

t.test('doctor finds nothing wrong with a working installation, and writes nothing', async (t) => {
  const { ok, checks, lines, exitCode } = await examine(t, {}, { strict: true })
  t.same(checks.filter(({ status }) => status !== 'ok'), [])
  t.ok(ok)
  t.equal(exitCode, 0)
  t.equal(lines.length, checks.length)
  t.match(lines.find((line) => line.includes(' migrations ')), /^ok {4}migrations +all applied$/)
})

t.test('doctor reports mistakes in the configuration', async (t) => {
  const wrong: [string, string, Variables][] = [
    ['app-url', 'fail', { APP_URL: 'http://id.example.com' }],
    ['app-url', 'ok', { APP_URL: 'https://id.example.com', TRUST_PROXY: '1' }],
    ['rate-limit', 'warn', { RATE_LIMIT: 'off' }],
    ['cors', 'warn', { CORS_ORIGINS: 'http://app.example.com' }],
    ['cors', 'ok', { CORS_ORIGINS: 'http://localhost:8080,https://app.example.com' }],
    ['token-lifetime', 'warn', { ACCESS_TOKEN_TTL: '604800' }],
    ['token-lifetime', 'warn', { SESSION_TTL: '3600' }],
    ['password-grant', 'ok', { PASSWORD_GRANT: 'off' }],
    ['proxy', 'warn', { TRUST_PROXY: 'true', HOST: '0.0.0.0' }],
    ['proxy', 'warn', { APP_URL: 'https://id.example.com' }],
    ['proxy', 'warn', { HOST: '0.0.0.0' }],
    ['proxy', 'warn', { TRUST_PROXY: 'true' }],
    ['proxy', 'warn', { TRUST_PROXY: '0.0.0.0/0' }],
    ['proxy', 'warn', { TRUST_PROXY: 'loopback, ::/0' }],
    ['proxy', 'ok', { TRUST_PROXY: 'loopback, uniquelocal' }],
    ['metrics', 'warn', { HOST: '0.0.0.0' }],
    ['metrics', 'ok', { HOST: '0.0.0.0', METRICS_TOKEN: 'x'.repeat(20) }]
  ]
  for (const [name, status, variables] of wrong) {
    t.equal((await examine(t, variables)).statusOf(name), status, `${name} ${JSON.stringify(variables)}`)
  }
})

t.test('doctor says which schema is used, and why', async (t) => {
  const [standing, empty] = [await createDatabase(t), await createDatabase(t, { empty: true })]
  const schemaOf = async (url: string) => (await examine(t, { DATABASE_URL: url })).checks.find(({ name }) => name === 'database-schema')
  t.match(await schemaOf(standing), { status: 'ok', message: '"public", which contains our tables' })
  t.match(await schemaOf(`${standing}?schema=public`), { status: 'ok', message: '"public", which the database URL names' })
  t.match(await schemaOf(empty), { status: 'ok', message: '"latchkey", which new tables get' })
  await migrate(`${standing}?schema=latchkey`)
  t.match(await schemaOf(standing), {
    status: 'warn', message: /^"public", .*; there are tables of Latchkey in "latchkey", too$/,
    fix: 'name one in the database URL: ?schema=public'
  })
})

t.test('a warning fails the command only with --strict', async (t) => {
  t.equal((await examine(t, { RATE_LIMIT: 'off' })).exitCode, 0)
  const strict = await examine(t, { RATE_LIMIT: 'off' }, { strict: true })
  t.equal(strict.exitCode, 1)
  t.notOk(strict.ok)
})

t.test('doctor reports an unreachable database, and an embedded one that does not exist yet', async (t) => {
  const { exitCode, checks } = await examine(t, { DATABASE_URL: 'postgresql://user:hunter2@127.0.0.1:1/none' })
  t.equal(exitCode, 1)
  t.match(checks.at(-1), { name: 'database', status: 'fail', message: /127\.0\.0\.1:1/ })
  t.notMatch(JSON.stringify(checks), /hunter2/)
  for (const name of ['none', 'empty']) {
    t.match((await examine(t, { LATCHKEY_DATA_DIR: join(folder, name) })).checks.at(-1), {
      name: 'database', status: 'ok',
      message: `the embedded one in ${join(folder, name)}, not created yet; the first start creates it`
    })
  }
  t.match((await examine(t, { LATCHKEY_DATA_DIR: join(folder, 'file') })).checks.at(-1), {
    name: 'database', status: 'fail', message: /file is where a directory must be/
  })
})

t.test('a malformed database URL is reported by its variable, without any part of it', async (t) => {
  for (const variable of ['DATABASE_URL', 'DATABASE_DIRECT_URL']) {
    for (const command of ['doctor', 'serve', 'migrate']) {
      const env = { APP_KEY, DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/none', [variable]: 'postgresql://boss:hun@ter/two@127.0.0.1:1/db' }
      const { code, stdout, stderr } = await run([command], { cwd: t.testdir({}), env })
      t.equal(code, 1, `${command} ${variable}`)
      t.match(stdout + stderr, new RegExp(`${variable} cannot be used: .*percent-encode`))
      t.notMatch(stdout + stderr, /boss|ter\b|two/)
    }
  }
})

t.test('doctor warns of a connection to the database without TLS', async (t) => {
  const tls = async (databaseUrl: string) => (await examine(t, { DATABASE_URL: databaseUrl })).statusOf('database-tls')
  t.equal(await tls('postgresql://u@127.0.0.1:1/d'), 'ok')
  t.equal(await tls('postgresql://u@db.invalid/d'), 'warn')
  for (const mode of ['disable', 'allow', 'prefer']) t.equal(await tls(`postgresql://u@db.invalid/d?sslmode=${mode}`), 'warn', mode)
  for (const mode of ['require', 'verify-full']) t.equal(await tls(`postgresql://u@db.invalid/d?sslmode=${mode}`), 'ok', mode)
})

t.test("doctor reports migrations that are pending, failed, newer or in the host's own project", async (t) => {
  const empty = await examine(t, { DATABASE_URL: await createDatabase(t, { empty: true }) })
  t.match(empty.checks.at(-1), { name: 'migrations', status: 'fail', fix: /latchkey migrate/ })
  const last = '(SELECT max(migration_name) FROM _prisma_migrations)'
  const pending = await examine(t, await databaseAfter(t, `DELETE FROM _prisma_migrations WHERE migration_name = ${last}`))
  t.match(pending.checks.at(-1), { name: 'migrations', status: 'fail', message: /not applied/ })
  const failed = await examine(t, await databaseAfter(t, `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = ${last}`))
  t.match(failed.checks.at(-1), { name: 'migrations', status: 'fail', message: /failed/, fix: /resolve --rolled-back/ })
  const newer = await examine(
    t,
    await databaseAfter(
      t,
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', '', '29990101000000_later', now())"
    )
  )
  t.equal(newer.statusOf('migrations'), 'warn')
  const hosts = await examine(t, await databaseAfter(t, 'DELETE FROM _prisma_migrations'))
  t.match(hosts.checks.find(({ name }) => name === 'migrations'), { status: 'ok', message: /own Prisma project/ })
  t.equal(hosts.statusOf('feed'), 'ok')
})

t.test('doctor finds missing indexes and settings that a Prisma schema cannot express', async (t) => {
  const { checks } = await examine(
    t,
    await databaseAfter(
      t,
      `ALTER TABLE sessions RESET (fillfactor); DROP INDEX signing_keys_open_key; DROP INDEX users_password_scheme; DROP INDEX users_deletion_requested_at;
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'sessions_user_id_idx'::regclass`
    )
  )
  const extras = checks.filter(({ name }) => name === 'migration-extras')
  t.same(extras.map(({ status }) => status).sort(), ['fail', 'warn', 'warn', 'warn', 'warn'])
  for (const { fix } of extras) t.match(fix, /^(ALTER TABLE|CREATE (UNIQUE )?INDEX|REINDEX)/)
})

t.test('doctor reports keys that the APP_KEY does not open', async (t) => {
  const other = await examine(t, { APP_KEY: Buffer.alloc(32, 'other').toString('base64') })
  t.match(other.checks.find(({ name }) => name === 'keys'), { status: 'fail', fix: /APP_PREVIOUS_KEYS/ })
  t.equal((await examine(t, { APP_KEY: Buffer.alloc(32, 'other').toString('base64'), APP_PREVIOUS_KEYS: APP_KEY })).statusOf('keys'), 'ok')
  t.equal(
    (await examine(t, await databaseAfter(t, "UPDATE signing_keys SET signs_from = now() - interval '99 days'"))).statusOf('key-age'),
    'warn'
  )
  t.equal(
    (await examine(t, await databaseAfter(t, "UPDATE signing_keys SET revoked_at = now() WHERE alg = 'ES256'"))).statusOf('key-age'),
    'fail'
  )
  t.match((await examine(t, await databaseAfter(t, 'DELETE FROM signing_keys'))).checks.find(({ name }) => name === 'keys'), {
    status: 'ok',
    message: /first start/
  })
})

t.test('doctor finds a pooler that loses notifications', async (t) => {
  const url = await pooler(t, await createDatabase(t))
  const { statusOf, checks } = await examine(t, { DATABASE_URL: url })
  t.match(checks.find(({ name }) => name === 'feed'), { status: 'fail', fix: /DATABASE_DIRECT_URL/ })
  t.match(checks.find(({ name }) => name === 'database'), { status: 'ok', message: /through a pooler/ })
  t.equal(statusOf('database-connections'), 'ok')
  const probe = { listen: async () => ({ close: async () => {} }), notify: async () => {}, direct: true }
  t.match(await checkFeed(probe, 10), { status: 'fail', message: /another database/ })
  t.match(
    await checkFeed({
      ...probe, listen: async () => {
        throw new Error('away')
      }
    }, 10),
    { status: 'fail', message: 'DATABASE_DIRECT_URL: away' }
  )
})

t.test('the command prints its checks, and its exit code tells of failures', async (t) => {
  const cwd = t.testdir({})
  const wrong = await run(['doctor', '--json'], { cwd, env: { PORT: 'x' } })
  t.equal(wrong.code, 1)
  t.match(JSON.parse(wrong.stdout), { ok: false, checks: [{ name: 'configuration', status: 'fail', message: /^PORT / }] })
  t.equal(wrong.stderr, '')
  const right = await run(['doctor'], { cwd })
  t.equal(right.code, 0)
  t.match(right.stdout, /^ok {4}configuration/)
  const program = createProgram({ context: async () => { throw new Error('away') }, write: () => {} })
  await t.rejects(program.parseAsync(['doctor'], { from: 'user' }), { message: 'away' })
})

/** What PgBouncer in transaction mode does to a session: a made-up process id, and no notifications. */
async function pooler (t: Test, url: string): Promise<string> {
  const target = new URL(url)
  const port = Number(target.port)
  const server = createServer((client) => {
    const upstream = connect(port, target.hostname)
    let waiting = Buffer.alloc(0)
    client.on('error', () => {}).on('close', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => {}).on('close', () => client.destroy()).on('data', (data: Buffer) => {
      waiting = Buffer.concat([waiting, data])
      for (let length = lengthOf(waiting); length <= waiting.length; length = lengthOf(waiting)) {
        const message = Buffer.from(waiting.subarray(0, length))
        waiting = waiting.subarray(length)
        if (message[0] === 0x4b) message.writeInt32BE(4711, 5)
        if (message[0] !== 0x41) client.write(message)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close() })
  target.port = String((server.address() as AddressInfo).port)
  return target.href
}

/** Of the first message: a letter, then the length of the rest. */
const lengthOf = (bytes: Buffer) => bytes.length < 5 ? Infinity : 1 + bytes.readInt32BE(1)

t.test('doctor names accounts that should be gone, and what keeps them', async (t) => {
  const ids = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003']
  const users = `INSERT INTO users (id, deletion_requested_at) VALUES ('${ids[0]}', now()), ('${ids[1]}', now() - interval '16 days'), ('${ids[2]}', NULL);`
  const of = async (sql: string, variables: Variables = {}) =>
    (await examine(t, { ...await databaseAfter(t, sql), ...variables })).checks.filter(({ name }) => name === 'deletions')
  t.match(await of(users.replace('16 days', '14 days')), [{ status: 'ok', message: /^2 accounts will be deleted/ }])
  const late = await of(users)
  t.match(late, [{ status: 'warn', message: new RegExp(`^1 accounts should have been deleted .*: ${ids[1]}$`) }])
  t.match(await of(users, { PURGE_EVERY: '0' }), [{ status: 'warn', message: /PURGE_EVERY is 0/, fix: /latchkey purge/ }])
  const tables = 'CREATE TABLE orders ("user" uuid REFERENCES users); CREATE TABLE notes (user_id uuid REFERENCES users ON DELETE CASCADE);'
  const refused = await of(`${users} ${tables} INSERT INTO orders VALUES ('${ids[1]}'), ('${ids[2]}'); INSERT INTO notes VALUES ('${ids[0]}')`)
  t.match(refused, [{ status: 'fail', message: new RegExp(`the table orders refers to .*orders_user_fkey.*: ${ids[1]}$`), fix: /ON DELETE CASCADE/ }])
})
