// npm run bench:growth [-- --sessions 5000000 --users 1000000 --revocations 100000 --expired 1000000 --rounds 5 --seconds 4]: runs the
// frequent requests in turn on an empty and on a full database of one PostgreSQL, then a purge under load. Fails when the size of the
// database has an effect.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hash } from '@node-rs/argon2'
import pg from 'pg'
import { startEmbedded } from '../dist/src/database/embedded.js'
import { bytesPerRow, copy } from './growth/fill.js'
import { compare, p99, round } from './growth/measure.js'
import { createRows, PASSWORD } from './growth/rows.js'
import { growthScenarios } from './growth/scenarios.js'
import { pinTo, startNode, stopAll } from './growth/processes.js'
import { load } from './load.js'

const MOST = 1.15
// Results that scatter more than this between rounds mean that the machine is too busy to measure
const MOST_NOISE = 0.15
const MOST_MB = 30
const MOST_LOAD_MS = 1000
const MOST_DURING_PURGE = 2
const APP_KEY = Buffer.alloc(32, 7).toString('base64')
// Cheap password hashes, so that the two statements of a login dominate
const OPTIONS = { passwords: { memoryCost: 8, timeCost: 1 }, purgeEvery: 0 }

const { values } = parseArgs({
  options: Object.fromEntries(
    Object.entries({
      sessions: '5000000', users: '1000000', revocations: '100000', expired: '1000000', rounds: '5', seconds: '4', only: ''
    })
      .map(([name, value]) => [name, { type: 'string', default: value }])
  )
})
const [users, sessions, revocations, expired, rounds, seconds] = ['users', 'sessions', 'revocations', 'expired', 'rounds', 'seconds']
  .map((name) => Number(values[name]))
const failures = []
const judge = (text, good) => {
  if (!good) failures.push(text)
  return good ? '' : ' **too much**'
}
const clock = () => `${(performance.now() / 1000).toFixed(0)} s`

const folder = mkdtempSync(join(tmpdir(), 'latchkey-growth-'))
const embedded = await startEmbedded({ dataDir: folder })
const client = new pg.Client(embedded.url)
await client.connect()

const urlOf = (name) => Object.assign(new URL(embedded.url), { pathname: `/${name}`, search: '?schema=public' }).href
const startServer = async (database, more = {}) => ({
  database,
  ...await startNode('server.js', {
    DATABASE_URL: urlOf(database), APP_KEY, BENCH_OPTIONS: JSON.stringify(OPTIONS), NODE_ENV: 'production', ...more
  }, pinTo.server)
})

/** Creates a database with tables, clients and the given number of rows. */
async function fill (database, size) {
  await client.query(`CREATE DATABASE "${database}"`)
  const server = await startServer(database)
  await stopAll([server])
  const passwordHash = await hash(PASSWORD, { memoryCost: 8, timeCost: 1, parallelism: 1 })
  const rows = createRows({ ...size, now: Date.now(), clientId: server.clients.users.client_id, passwordHash })
  await withDatabase(database, async (filling) => {
    await filling.query('SET session_replication_role = replica')
    for (const [table, definition] of Object.entries(rows.tables)) await copy(filling, table, definition, folder)
    await copy(filling, 'revocations', rows.revocations(size.revocations), folder)
    await filling.query('VACUUM ANALYZE')
  })
  return { database, rows, clients: server.clients }
}

async function withDatabase (name, work) {
  const other = new pg.Client(urlOf(name))
  await other.connect()
  return await work(other).finally(() => other.end())
}

async function sizes ({ database, rows }) {
  await withDatabase(database, async (full) => {
    const session = await bytesPerRow(full, ['sessions'], rows.sessions)
    const user = await bytesPerRow(full, ['users', 'identifiers'], rows.users)
    console.log(
      `${session.toFixed(0)} bytes a session, ${user.toFixed(0)} bytes a user with one identifier, with indexes (refreshed 8 times or more, 145 bytes of user agent)`
    )
  })
}

async function memory ({ database }) {
  const child = await startNode('growth/memory.js', { DATABASE_URL: urlOf(database) }, [], ['--expose-gc'])
  const { rows, milliseconds, megabytes } = JSON.parse(child.line)
  console.log(
    `${rows} live revocations: ${megabytes.toFixed(1)} MB, loaded in ${milliseconds.toFixed(0)} ms` +
      judge(`revocations take ${megabytes.toFixed(1)} MB`, megabytes < MOST_MB) +
      judge(`revocations load in ${milliseconds.toFixed(0)} ms`, milliseconds < MOST_LOAD_MS)
  )
}

async function grow (small, full) {
  const sides = {}
  for (const [name, side] of Object.entries({ small, full })) {
    const server = await startServer(side.database, { BENCH_CLIENTS: JSON.stringify(side.clients) })
    sides[name] = {
      server: { ...server, clients: side.clients },
      scenarios: await growthScenarios({
        server: { ...server, clients: side.clients }, rows: side.rows, appKey: APP_KEY, issuer: 'http://localhost:3000'
      })
    }
  }
  console.log('\n| | | empty | full | ratio | noise | |\n|---|---|---|---|---|---|---|')
  for (const name of Object.keys(sides.full.scenarios).filter((scenario) => !values.only || scenario === values.only)) {
    const results = { small: [], full: [] }
    for (let count = -1; count < rounds; count++) {
      for (const side of count % 2 === 0 ? ['small', 'full'] : ['full', 'small']) {
        const { server, scenarios } = sides[side]
        const result = await round(client, {
          server, scenario: scenarios[name], seconds: count < 0 ? 1 : seconds,
          prepared: Math.min(6000, Math.floor(small.rows.sessions / 2 / (rounds + 1)))
        })
        if (count >= 0) results[side].push(result)
      }
    }
    for (const [field, unit] of [['cpu', 'server CPU µs'], ['p99', 'p99 ms'], ['database', 'database CPU µs']]) {
      const { small: a, full: b, ratio, noise } = compare(results.small, results.full, field)
      // The CPU of the database is reported only: it has its effect on the p99
      const verdict = field === 'database'
        ? ''
        : judge(`${name}: ${unit} × ${ratio.toFixed(2)}`, ratio <= MOST + Math.min(noise, MOST_NOISE))
      const digits = field === 'p99' ? 2 : 0
      const [times, scatter] = field === 'database' && a < 5 ? ['', ''] : [ratio.toFixed(2), `±${noise.toFixed(2)}`]
      console.log(
        `| ${name} | ${unit} | ${a.toFixed(digits)} | ${b.toFixed(digits)} | ${times} | ${scatter} |${verdict}${noise > MOST_NOISE && scatter ? ' noisy' : ''} |`
      )
    }
  }
  await stopAll([sides.small.server])
  return sides.full
}

async function purge ({ server, scenarios: { refresh } }, full) {
  const windows = { before: [], during: [] }
  const run = async (when) => windows[when].push(await load({ port: server.port, pid: server.pid, seconds, ...refresh }))
  await withDatabase(full.database, async (other) => {
    await other.query('SET session_replication_role = replica')
    await copy(other, 'sessions', full.rows.expired(expired), folder)
    await other.query('ANALYZE sessions; CHECKPOINT')
    const left = async () =>
      (await other.query("SELECT EXISTS (SELECT FROM sessions WHERE expires_at < now() - interval '1 minute') AS left")).rows[0].left
    await load({ port: server.port, pid: server.pid, seconds: 2, ...refresh })
    for (let count = 0; count < rounds * 2; count++) await run('before')
    process.kill(server.pid, 'SIGUSR2')
    const began = performance.now()
    while (await left()) await run('during')
    const took = (performance.now() - began) / 1000
    const [before, during] = [p99(windows.before), p99(windows.during)]
    const worst = Math.max(...windows.during.map((window) => window.p99))
    console.log(
      `\npurge of ${expired} sessions while sessions are refreshed: ${took.toFixed(0)} s; p99 ${before.toFixed(2)} ms before, ${during.toFixed(2)} ms during (× ${(during / before).toFixed(2)}; worst ${seconds} s: ${worst.toFixed(2)} ms)` +
        judge(`p99 × ${(during / before).toFixed(2)} during the purge`, during <= MOST_DURING_PURGE * before)
    )
  })
}

try {
  console.log(
    `Node ${process.version}, ${cpus()[0].model}; ${users} users, ${sessions} sessions, ${revocations} revocations; ${rounds} rounds × ${seconds} s, medians`
  )
  const small = await fill('small', { users: Math.min(users, 2000), sessions: Math.min(sessions, 20_000), revocations: 0 })
  const full = await fill('full', { users, sessions, revocations })
  console.log(`filled after ${clock()}`)
  await sizes(full)
  await memory(full)
  pinTo.others(Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]))
  await client.query('CHECKPOINT')
  await purge(await grow(small, full), full)
  console.log(
    failures.length > 0 ? `\nFAILED after ${clock()}\n${failures.map((text) => `- ${text}`).join('\n')}` : `\nPASSED after ${clock()}`
  )
  process.exitCode = failures.length > 0 ? 1 : 0
} finally {
  await stopAll()
  await client.end()
  await embedded.stop()
  rmSync(folder, { recursive: true, force: true })
}
