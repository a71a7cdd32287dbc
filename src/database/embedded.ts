import { join, resolve } from 'node:path'
import { isCluster, readPassword } from './embedded/cluster.ts'
import { joinServer, leaveServer, reachServer, type Running, type Site } from './embedded/server.ts'
import { prepareSite } from './embedded/site.ts'

export interface EmbeddedOptions {
  /** The database is in `postgres` below it. */
  dataDir: string
  log?: (message: string) => void
}

export interface Embedded {
  url: string
  /** It was running already. */
  adopted: boolean
  /** Stops the server, unless others are connected. To be called when one's own connections are closed. */
  stop (): Promise<void>
}

/** Starts the PostgreSQL of a data directory, or joins the one that runs on it. */
export async function startEmbedded ({ dataDir, log = () => {} }: EmbeddedOptions): Promise<Embedded> {
  const site = await prepareSite(dataDir)
  const running = await reachServer(site)
  log(`${running.adopted ? 'using the running' : 'started the'} embedded PostgreSQL in ${site.directory}`)
  let stopping: Promise<void> | undefined
  return {
    url: running.url,
    adopted: running.adopted,
    stop: () => (stopping ??= stop(site, running, log))
  }
}

/** Where the database of a data directory answers, if it is running. */
export async function embeddedUrl (dataDir: string): Promise<string | null> {
  const directory = join(resolve(dataDir), 'postgres')
  if (!await isCluster(directory)) return null
  const server = await joinServer({ directory, password: await readPassword(directory) })
  if (server === undefined || server === 'busy') return null
  await server.lease.end()
  return server.url
}

async function stop (site: Site, running: Running, log: (message: string) => void): Promise<void> {
  const stopped = await leaveServer(site, running)
  log(stopped ? 'stopped the embedded PostgreSQL' : 'left the embedded PostgreSQL running: others use it')
}
