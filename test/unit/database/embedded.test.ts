import { chmod, chown, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { embeddedUrl, startEmbedded } from '../../../src/database/embedded.ts'
import { query, start, temporaryDirectory } from './embedded-helper.ts'

const IS_ROOT = process.getuid?.() === 0

// For what needs no first start, which takes longest.
const shared = await temporaryDirectory(t)

t.test('the embedded database starts, stops, and starts again with its data', async (t) => {
  const dataDir = await temporaryDirectory(t)
  t.equal(await embeddedUrl(dataDir), null)
  const first = await start(t, dataDir)
  t.notOk(first.adopted)
  t.equal(await embeddedUrl(dataDir), first.url)
  await query(first.url, 'CREATE TABLE kept (id int)')
  t.strictSame(
    await query(
      first.url,
      "SELECT current_database() AS database, current_setting('TimeZone') AS zone, current_setting('fsync') AS fsync, current_setting('listen_addresses') AS addresses"
    ),
    [{ database: 'latchkey', zone: 'UTC', fsync: 'on', addresses: '127.0.0.1' }]
  )
  t.equal((await stat(join(dataDir, 'postgres', 'latchkey.password'))).mode & 0o777, 0o600)
  await first.stop()
  t.equal(await embeddedUrl(dataDir), null)
  const second = await start(t, dataDir)
  t.notOk(second.adopted)
  t.strictSame(await query(second.url, 'SELECT * FROM kept'), [])
})

t.test('a connection without the password is refused', async (t) => {
  const { url } = await start(t, shared)
  const wrong = new URL(url)
  wrong.password = 'wrong'
  await t.rejects(query(wrong.href, 'SELECT 1'), { code: '28P01' })
})

t.test('of two processes one starts it, the other joins, and the last one stops it', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const both = await Promise.all([start(t, dataDir), start(t, dataDir)])
  t.strictSame(both.map(({ adopted }) => adopted).sort(), [false, true])
  t.equal(both[0].url, both[1].url)
  await both[0].stop()
  t.equal(await embeddedUrl(dataDir), both[1].url, 'goes on for the other')
  await both[1].stop()
  t.equal(await embeddedUrl(dataDir), null)
})

t.test('two processes that stop at once leave nothing running', async (t) => {
  const dataDir = shared
  const both = await Promise.all([start(t, dataDir), start(t, dataDir)])
  await Promise.all(both.map(({ stop }) => stop()))
  t.equal(await embeddedUrl(dataDir), null)
})

t.test('a process that starts while another one stops gets a running database', async (t) => {
  const dataDir = shared
  const first = await start(t, dataDir)
  const [, second] = await Promise.all([first.stop(), start(t, dataDir)])
  t.strictSame(await query(second.url, 'SELECT 1 AS one'), [{ one: 1 }])
})

t.test('many processes that start and stop at once each get a running database', async (t) => {
  const comeAndGo = async () => {
    const { url, stop } = await start(t, shared)
    t.strictSame(await query(url, 'SELECT 1 AS one'), [{ one: 1 }])
    await stop()
  }
  await Promise.all(Array.from({ length: 8 }, comeAndGo))
  t.equal(await embeddedUrl(shared), null)
})

t.test('the database goes on while other clients are connected', async (t) => {
  const dataDir = shared
  const { url, stop } = await start(t, dataDir)
  const other = new pg.Client(url)
  await other.connect()
  await stop()
  t.strictSame((await other.query('SELECT 1 AS one')).rows, [{ one: 1 }])
  await other.end()
  const { adopted } = await start(t, dataDir)
  t.ok(adopted)
})

t.test('it starts in a directory whose path is too long for a socket, or has special characters', async (t) => {
  const dataDir = join(await temporaryDirectory(t), 'a, b "c" é'.padEnd(100, '-'))
  const { url } = await start(t, dataDir)
  t.strictSame(await query(url, 'SHOW unix_socket_directories'), [{ unix_socket_directories: '' }])
})

t.test('when PostgreSQL does not start, its own message is reported', async (t) => {
  const dataDir = await temporaryDirectory(t)
  await (await start(t, dataDir)).stop()
  await writeFile(join(dataDir, 'postgres', 'postgresql.conf'), 'no_such_setting = 1\n')
  await t.rejects(startEmbedded({ dataDir }), { message: /did not start:\n.*no_such_setting/s })
})

t.test('a database whose password file is missing is refused, and left alone', async (t) => {
  const dataDir = await temporaryDirectory(t)
  await (await start(t, dataDir)).stop()
  await rm(join(dataDir, 'postgres', 'latchkey.password'))
  await t.rejects(startEmbedded({ dataDir }), { message: /latchkey\.password/ })
  t.ok((await stat(join(dataDir, 'postgres', 'global', 'pg_control'))).isFile())
})

t.test('as root, a directory that PostgreSQL cannot enter is named', { skip: !IS_ROOT }, async (t) => {
  const parent = await temporaryDirectory(t)
  await chmod(parent, 0o700)
  await t.rejects(startEmbedded({ dataDir: join(parent, 'data') }), {
    message: new RegExp(`cannot enter ${parent} \\(mode 700\\).*chmod o\\+x ${parent}`)
  })
})

/** Mode before, and after a start. */
const MODES: [which: string, before: number, after: number][] = [
  ['open to everybody', 0o1777, 0o1777],
  ['that everybody may pass', 0o755, 0o755],
  ['closed to everybody else', 0o700, 0o711],
  ['closed, with a sticky bit', 0o1750, 0o1751]
]

for (const [which, before, after] of MODES) {
  t.test(`as root, a data directory ${which} gets the mode ${after.toString(8)}`, { skip: !IS_ROOT }, async (t) => {
    const dataDir = join(await temporaryDirectory(t), 'data')
    await mkdir(dataDir)
    await chmod(dataDir, before)
    await start(t, dataDir)
    t.equal(((await stat(dataDir)).mode & 0o7777).toString(8), after.toString(8))
  })
}

t.test('as root, the data directory of another user keeps its mode', { skip: !IS_ROOT }, async (t) => {
  const dataDir = join(await temporaryDirectory(t), 'data')
  await mkdir(dataDir, 0o700)
  await chown(dataDir, 12_345, 12_345)
  await t.rejects(startEmbedded({ dataDir }), { message: /cannot enter .*data \(mode 700\)/ })
  t.equal((await stat(dataDir)).mode & 0o7777, 0o700)
})
