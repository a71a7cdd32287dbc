import type { Config } from '../config/config.ts'
import type { AppOptions } from '../../plugins/latchkey.ts'
import type { Core } from '../compose/core.ts'
import type { Log } from '../runtime/log.ts'
import type { EmbeddedUse } from '../database/source.ts'
import { configFrom, readEnvironment, type Variables } from '../config/environment.ts'
import { readConfigFile } from './config-file.ts'
import type { CommandLog } from './log.ts'

/** Passed to every command. */
export type Context = {
  cwd: string
  variables: Variables
  /** From the configuration file. */
  options: Omit<AppOptions, 'operations'>
  config: Config
  log: CommandLog
  /** Opens the database and the keys for one piece of work. An empty database gets the whole install. */
  withCore: <T>(work: (core: Core) => Promise<T>, options?: Parts) => Promise<T>
  /**
   * How a command uses the embedded database: only an existing one, unless the command may create it. A server that was started is
   * reported, and stopped at the end.
   */
  embedded: (create?: boolean) => EmbeddedUse
}

type Options = { cwd: string, variables: Variables, log: CommandLog }
type Parts = {
  migrate?: boolean
  /** Whether an embedded database may be created. */
  create?: boolean
}

/** @throws ConfigError */
export async function createContext ({ cwd, variables, log }: Options): Promise<Context> {
  const { operations, ...options } = await readConfigFile(cwd, variables)
  const { prisma, ...settings } = options
  const config = configFrom(settings, readEnvironment(variables, { prefixedOnly: false }))

  function embedded (create = false): EmbeddedUse {
    return {
      create,
      onStart: ({ dataDir, made }) =>
        log.note(
          made
            ? `created the embedded database in ${dataDir}`
            : `no server is running: started the embedded database in ${dataDir} for this command`
        )
    }
  }

  async function withCore<T> (work: (core: Core) => Promise<T>, { migrate = false, create = false }: Parts = {}): Promise<T> {
    const { openCore } = await import('../compose/core.ts')
    let revoked = false
    const core = await openCore(config, { log, prisma, migrate, embedded: embedded(create) })
    core.store.revocations.subscribe(() => { revoked = true })
    try {
      if (core.fresh) await installEverything(core)
      return await work(core)
    } finally {
      if (revoked) await announce(core, log)
      await core.close()
    }
  }

  return { cwd, variables, options, config, log, withCore, embedded }
}

async function installEverything ({ store, config }: Core): Promise<void> {
  const { installClients } = await import('../compose/install.ts')
  await installClients(store, config)
}

/** Notifies running servers of a revocation, which they would otherwise see at their next poll. */
async function announce ({ directUrl }: Core, log: Log): Promise<void> {
  const { openFeedConnection } = await import('../revocation/feed-connection.store.ts')
  try {
    const connection = await openFeedConnection(directUrl, () => {})
    await connection.notify().finally(connection.close)
  } catch (err) {
    log.warn({ err }, 'Running servers could not be notified at once, and read the change within 2 seconds')
  }
}
