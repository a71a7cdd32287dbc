// npm run bench:pulse [-- --processes 3 --seconds 30]: measures the cost of the pulse in an idle cluster, which proves that its database is
// the live primary.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { withSchema } from '../dist/src/database/choose-schema.js'
import { startEmbedded } from '../dist/src/database/embedded.js'
import { openFeedConnection } from '../dist/src/revocation/feed-connection.store.js'
import { startNode, stopAll } from './growth/processes.js'

const { values } = parseArgs({ options: { processes: { type: 'string', default: '3' }, seconds: { type: 'string', default: '30' } } })
const seconds = Number(values.seconds)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-pulse-'))
const database = await startEmbedded({ dataDir: folder })
const env = { DATABASE_URL: withSchema(database.url, 'public'), APP_KEY: Buffer.alloc(32, 7).toString('base64'), NODE_ENV: 'production' }
const client = new pg.Client(database.url)
await client.connect()

const state = async () =>
  (await client.query("SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS wal, (SELECT number::int FROM feed_pulse) AS number"))
    .rows[0]

try {
  const servers = [await startNode('server.js', env)]
  while (servers.length < Number(values.processes)) {
    servers.push(await startNode('server.js', { ...env, BENCH_CLIENTS: JSON.stringify(servers[0].clients) }))
  }
  // Flushes what the starts have written, and the full-page image that follows
  await client.query('CHECKPOINT')
  await sleep(5000)
  const before = await state()
  await sleep(seconds * 1000)
  const after = await state()
  await stopAll(servers)
  const feed = await openFeedConnection(database.url, () => {})
  const times = []
  for (let { number } = await state(); times.length < 100; number++) {
    const began = performance.now()
    await feed.pulse(String(number))
    times.push(performance.now() - began)
  }
  await feed.close()
  times.sort((a, b) => a - b)
  console.log(`- Node ${process.version}, ${cpus()[0].model}; ${servers.length} idle processes, ${seconds} s`)
  console.log(`- ${after.number - before.number} commits, ${((after.wal - before.wal) / seconds).toFixed(0)} bytes of WAL a second`)
  console.log(`- a commit with its confirmation takes p50 ${times[49].toFixed(1)} ms, p99 ${times[98].toFixed(1)} ms`)
} finally {
  await client.end()
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
}
