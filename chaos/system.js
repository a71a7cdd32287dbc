import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { withSchema } from '../dist/src/database/choose-schema.js'
import { startEmbedded } from '../dist/src/database/embedded.js'
import { call } from './http.js'

const APP_KEY = Buffer.alloc(32, 9).toString('base64')

/** PostgreSQL and two servers, each of which can be killed, stopped and restarted. The servers log to `logFile`. */
export async function createSystem (folder, ports, logFile) {
  let embedded = await startEmbedded({ dataDir: folder })
  const { url } = embedded
  const servers = ports.map((port) => ({ port, base: `http://127.0.0.1:${port}`, child: null }))
  const postmaster = () => Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
  const family = () => [
    postmaster(),
    ...execFileSync('ps', ['-o', 'pid=', '--ppid', String(postmaster())], { encoding: 'utf8' }).split(/\s+/).filter(Boolean).map(Number)
  ]

  async function startServer (server) {
    server.child = spawn(process.execPath, ['../dist/src/cli/main.js', 'serve'], {
      cwd: import.meta.dirname,
      env: {
        ...process.env, PORT: String(server.port), APP_URL: `http://127.0.0.1:${ports[0]}`, DATABASE_URL: withSchema(url, 'public'),
        APP_KEY, RATE_LIMIT: 'off', LOG_LEVEL: 'error', REFRESH_GRACE: '3600'
      },
      stdio: ['ignore', openSync(logFile, 'a'), 'inherit']
    })
    await ready(server)
  }

  async function ready (server, seconds = 60) {
    for (let tries = 0; tries < seconds * 10; tries++) {
      if ((await call(server.base, 'GET', '/ready')).status === 200) return
      await sleep(100)
    }
    throw new Error(`the server on ${server.port} does not get ready`)
  }

  async function killServer (server) {
    const gone = once(server.child, 'exit')
    server.child.kill('SIGKILL')
    await gone
  }

  async function query (text) {
    const client = new pg.Client(url)
    client.on('error', () => {})
    await client.connect()
    return await client.query(text).finally(() => client.end())
  }

  /** Takes all remaining connections of PostgreSQL, and releases them after the given seconds. */
  async function takeConnections (seconds) {
    const taken = []
    for (;;) {
      const client = new pg.Client(url)
      client.on('error', () => {})
      const isConnected = await client.connect().then(() => true, () => false)
      if (!isConnected) break
      taken.push(client)
    }
    await sleep(seconds * 1000)
    await Promise.all(taken.map((client) => client.end()))
    return taken.length
  }

  /** Copies the data directory while PostgreSQL is stopped. */
  async function backUp (copy) {
    await offline(() => cpSync(join(folder, 'postgres'), copy, { recursive: true, preserveTimestamps: true }))
    execFileSync('chown', ['-R', '--reference', join(folder, 'postgres'), copy])
  }

  async function restore (copy) {
    await offline(() => {
      rmSync(join(folder, 'postgres'), { recursive: true })
      execFileSync('cp', ['-a', copy, join(folder, 'postgres')])
    })
  }

  /**
   * Runs `work` while PostgreSQL is stopped and the servers are paused. The port stays the same, because the servers are configured with
   * it.
   */
  async function offline (work) {
    const port = new URL(url).port
    for (const server of servers) server.child.kill('SIGSTOP')
    await query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name <> 'latchkey lease'"
    ).catch(() => {})
    await embedded.stop()
    if (await isUp()) throw new Error('PostgreSQL did not stop')
    work()
    embedded = await startEmbedded({ dataDir: folder, port: Number(port) })
    for (const server of servers) server.child.kill('SIGCONT')
  }

  const isUp = () => query('SELECT 1').then(() => true, () => false)

  async function close () {
    for (const { child } of servers) {
      if (!child || child.exitCode !== null || child.signalCode !== null) continue
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
    await embedded.stop()
  }

  return { url, servers, startServer, killServer, ready, query, takeConnections, postmaster, family, backUp, restore, close }
}
