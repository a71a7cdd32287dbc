import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Client } from 'pg'
import { fixFor, inDataDir } from '../../config/data-dir.ts'
import { DATABASE_USER } from './cluster.ts'
import { launch, type Launch, type LaunchEnd, type LaunchOptions } from './launch.ts'
import { isLast, takeLease } from './lease.ts'
import { findPostmaster, releaseStaleLock } from './postmaster.ts'

const run = promisify(execFile)

const DATABASE = 'latchkey'
const POLL = 10
// Recovery after a crash can take a while
const START_TIMEOUT = 60_000
const STOP_TIMEOUT = 60_000
// Pauses before each attempt to start, since the children of a crashed server take a moment to exit
const PAUSES = [0, 100, 200, 400, 800, 1600, 3200]
const PASSING_FAILURE = /already in use|still in use|lock file/

export interface Site extends LaunchOptions {
  password: string
  pgCtl: string
}

export interface Running {
  url: string
  lease: Client
  pid: number
  /** Another process started it. */
  adopted: boolean
}

export async function reachServer (site: Site): Promise<Running> {
  return await inDataDir(dirname(site.directory), async () => await reach(site))
}

async function reach (site: Site): Promise<Running> {
  const deadline = performance.now() + START_TIMEOUT
  let launched: Launch | undefined
  for (let tries = 0; performance.now() < deadline; await delay(POLL)) {
    const running = await joinServer(site)
    if (running === 'busy') continue
    if (running !== undefined) return { ...running, adopted: running.pid !== launched?.pid }
    if (launched !== undefined && launched.end === undefined) continue
    launched = await tryLaunch(site, tries++, launched?.end)
  }
  throw new Error(`the embedded PostgreSQL in ${site.directory} did not become ready: see ${site.logFile}`)
}

/** `busy`: it is starting or stopping. */
export async function joinServer (
  { directory, password }: Pick<Site, 'directory' | 'password'>
): Promise<Omit<Running, 'adopted'> | 'busy' | undefined> {
  const postmaster = await findPostmaster(directory)
  if (postmaster === undefined) return undefined
  if (!postmaster.ready) return 'busy'
  const url = `postgresql://${DATABASE_USER}:${password}@127.0.0.1:${postmaster.port}/${DATABASE}?sslmode=disable`
  const lease = await takeLease(url)
  return lease === undefined ? 'busy' : { url, lease, pid: postmaster.pid }
}

/** Returns false when others are connected: the server then keeps running, and the last of them stops it. */
export async function leaveServer (
  site: Pick<Site, 'directory' | 'pgCtl'>,
  { lease, pid }: Pick<Running, 'lease' | 'pid'>
): Promise<boolean> {
  // A broken lease means that the server has ended, and that whoever restarted it has a new lease
  const last = await isLast(lease).catch(() => false)
  if (last) await stopServer(site, pid)
  await lease.end()
  return last
}

async function tryLaunch (site: Site, tries: number, end: LaunchEnd | undefined): Promise<Launch> {
  const pause = PAUSES[tries]
  if (end !== undefined && !end.stopped && (pause === undefined || !PASSING_FAILURE.test(end.ownLines))) {
    const fix = fixFor(end.lastLines)
    throw new Error(`the embedded PostgreSQL in ${site.directory} did not start:\n${end.lastLines}${fix ? `: ${fix}` : ''}`)
  }
  await delay(pause)
  await releaseStaleLock(site.directory)
  return await launch(site)
}

async function stopServer ({ directory, pgCtl }: Pick<Site, 'directory' | 'pgCtl'>, pid: number): Promise<void> {
  // SIGINT is PostgreSQL's fast shutdown; on Windows, which has no such signal, pg_ctl sends it
  if (process.platform === 'win32') await run(pgCtl, ['kill', 'INT', String(pid)])
  else process.kill(pid, 'SIGINT')
  const deadline = performance.now() + STOP_TIMEOUT
  while ((await findPostmaster(directory))?.pid === pid) {
    if (performance.now() > deadline) throw new Error(`the embedded PostgreSQL (process ${pid}) does not stop`)
    await delay(POLL)
  }
}
