import { spawn } from 'node:child_process'
import { extname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inDataDir } from '../config/data-dir.ts'
import { holdUntilEnd } from '../runtime/process-end.ts'
import { isCluster, readPassword } from './embedded/cluster.ts'
import { joinServer, leaveServer, reachServer, type Running, type Site } from './embedded/server.ts'
import { prepareSite } from './embedded/site.ts'

const REVIVE_PAUSE = 1000

export interface EmbeddedOptions {
  /** The database is in its subdirectory `postgres`. */
  dataDir: string
  log?: (message: string) => void
  /** A free port by default. */
  port?: number
  /** Whether a database may be created where there is none; true by default. */
  create?: boolean
  /** The database keeps running when this process ends without calling `stop`. */
  outlives?: boolean
}

export interface Embedded {
  url: string
  /** It was already running. */
  adopted: boolean
  /** It was just created. */
  made: boolean
  /** Stops the server, unless others are connected. To be called after one's own connections are closed. */
  stop (): Promise<void>
}

/** Starts the PostgreSQL of a data directory, or joins the one that runs on it; restarts it on the same port when it crashes. */
export async function startEmbedded ({ dataDir, log = () => {}, port, create, outlives = false }: EmbeddedOptions): Promise<Embedded> {
  const { made, ...prepared } = await prepareSite(dataDir, create)
  const site = { ...prepared, ...(port !== undefined && { port }) }
  const release = outlives ? () => {} : holdUntilEnd({ leave: () => leaveBehind(site) })
  const first = await reachServer(site).catch((error: unknown) => {
    release()
    throw error
  })
  log(`${first.adopted ? 'using the running' : 'started the'} embedded PostgreSQL in ${site.directory}`)
  const watched = watch({ ...site, port: Number(new URL(first.url).port) }, first, log)
  let stopping: Promise<void> | undefined
  return {
    url: first.url,
    adopted: first.adopted,
    made,
    stop: () => (stopping ??= watched.end().then((last) => stop(site, last, log)).finally(release))
  }
}

/**
 * Restarts the server after a crash.
 * @returns a function that ends this, and returns the server then running
 */
function watch (site: Site, first: Running, log: (message: string) => void): { end: () => Promise<Running> } {
  let current = first
  let ended = false
  let reviving: Promise<void> = Promise.resolve()

  function follow (running: Running): void {
    current = running
    running.lease.once('end', () => { if (!ended) reviving = revive() })
  }

  async function revive (): Promise<void> {
    log(`the embedded PostgreSQL in ${site.directory} is gone, starting it again`)
    while (!ended) {
      try {
        follow(await reachServer(site))
        return
      } catch (error) {
        log(error instanceof Error ? error.message : String(error))
        await delay(REVIVE_PAUSE)
      }
    }
  }

  follow(first)
  return {
    end: async () => {
      ended = true
      await reviving
      return current
    }
  }
}

/** The URL of the database of a data directory, if it is running. */
export async function embeddedUrl (dataDir: string): Promise<string | null> {
  const directory = join(resolve(dataDir), 'postgres')
  const password = await inDataDir(resolve(dataDir), async () => await isCluster(directory) ? await readPassword(directory) : null)
  if (password === null) return null
  const server = await joinServer({ directory, password })
  if (server === undefined || server === 'busy') return null
  await server.lease.end()
  return server.url
}

/** Starts a separate process for the work that this ending process cannot wait for. */
function leaveBehind ({ directory, pgCtl }: Site): void {
  const program = fileURLToPath(new URL(`embedded/leave${extname(import.meta.url)}`, import.meta.url))
  spawn(process.execPath, [program, directory, pgCtl, String(process.pid)], {
    detached: true, windowsHide: true, stdio: 'ignore', env: { PATH: process.env.PATH }
  }).on('error', () => {}).unref()
}

async function stop (site: Site, running: Running, log: (message: string) => void): Promise<void> {
  const stopped = await leaveServer(site, running)
  log(stopped ? 'stopped the embedded PostgreSQL' : 'left the embedded PostgreSQL running: others use it')
}
