import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { embeddedUrl } from '../../../src/database/embedded.ts'
import { hold, postmasterOf, query, start, temporaryDirectory } from './embedded-helper.ts'

// For what needs no first start, which takes longest.
const shared = await temporaryDirectory(t)

t.test('a start joins the PostgreSQL that a killed process left behind', async (t) => {
  const dataDir = shared
  const { holder, url } = await hold(t, dataDir)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const embedded = await start(t, dataDir)
  t.ok(embedded.adopted)
  t.equal(embedded.url, url)
  await embedded.stop()
  t.equal(await embeddedUrl(dataDir), null, 'and stops it')
})

t.test('a start works after PostgreSQL itself was killed', async (t) => {
  const dataDir = shared
  const { holder, url } = await hold(t, dataDir)
  await query(url, 'CREATE TABLE kept (id int)')
  holder.kill('SIGKILL')
  process.kill(await postmasterOf(dataDir), 'SIGKILL')
  const embedded = await start(t, dataDir)
  t.notOk(embedded.adopted)
  t.strictSame(await query(embedded.url, 'SELECT * FROM kept'), [])
})

t.test('PostgreSQL restarts by itself, on its port, when it is killed while in use', async (t) => {
  const dataDir = shared
  const { url, stop } = await start(t, dataDir)
  process.kill(await postmasterOf(dataDir), 'SIGKILL')
  for (let tries = 0; tries < 100 && await embeddedUrl(dataDir) === null; tries++) await delay(50)
  t.strictSame(await query(url, 'SELECT 1 AS one'), [{ one: 1 }])
  await stop()
  t.equal(await embeddedUrl(dataDir), null)
})

t.test('PostgreSQL survives a Ctrl-C until its process has handled it', async (t) => {
  const { holder, url } = await hold(t, shared)
  process.kill(-Number(holder.pid), 'SIGINT')
  await delay(200)
  t.strictSame(await query(url, 'SELECT 1 AS one'), [{ one: 1 }])
})

t.test('the database is created again after a first start that was killed half-way', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const abandoned = join(dataDir, 'postgres.init-2147483646-abc')
  await mkdir(join(abandoned, 'data'), { recursive: true })
  await mkdir(join(dataDir, 'postgres', 'base'), { recursive: true })
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '18\n')
  await start(t, dataDir)
  const entries = await readdir(dataDir)
  t.notOk(entries.some((entry) => entry.startsWith('postgres.init-')), 'nothing is left of it')
  t.ok(entries.some((entry) => entry.startsWith('postgres.incomplete-')), 'what stood in its place is kept')
})

t.test('a start works when another program has the process id in the old pid file', async (t) => {
  const dataDir = shared
  const { holder } = await hold(t, dataDir)
  const lock = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')
  holder.kill('SIGKILL')
  process.kill(await postmasterOf(dataDir), 'SIGKILL')
  await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), lock.replace(/^\d+/, String(process.pid)))
  const { adopted } = await start(t, dataDir)
  t.notOk(adopted)
})
