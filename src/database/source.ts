import { resolve } from 'node:path'
import { chooseSchema, withSchema, type ChosenSchema } from './choose-schema.ts'
import { ConfigError } from '../config/config-error.ts'
import { nameOf } from '../config/names.ts'
import type { Config } from '../config/config.ts'
import type { Embedded } from './embedded.ts'
import { DEFAULT_SCHEMA, parseDatabaseUrl } from './connection.ts'

export type DatabaseSource = {
  /** With the schema. */
  url: string
  /** The same database and schema, bypassing a pooler: for the revocation feed. */
  directUrl: string
  chosen: ChosenSchema
  embedded: boolean
  stop: () => Promise<void>
}

type Log = { info: (details: object, message: string) => void }

export type SourceOptions = {
  /** The host creates our tables in the schema of its own. */
  ownMigrations?: boolean
  embedded?: EmbeddedUse | undefined
}

export type EmbeddedUse = {
  /** Whether a database may be created where there is none. */
  create: boolean
  /** Called when a server was started. */
  onStart: (embedded: Pick<Embedded, 'made'> & { dataDir: string }) => void
}

const SERVER: EmbeddedUse = { create: true, onStart: () => {} }

/** The database of DATABASE_URL, or the embedded one, which is started if necessary. */
export async function embeddedOrUrl (
  config: Config,
  log: Log,
  { ownMigrations = false, embedded: use = SERVER }: SourceOptions = {}
): Promise<DatabaseSource> {
  checkUrls(config)
  const { url, embedded, stop } = await reach(config, log, use)
  try {
    const chosen = await chooseSchema(url, ownMigrations ? DEFAULT_SCHEMA : undefined)
    return { url: chosen.url, directUrl: directUrl(config, chosen), chosen, embedded, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function reach (
  { databaseUrl, dataDir }: Config,
  log: Log,
  { create, onStart }: EmbeddedUse
): Promise<Pick<DatabaseSource, 'url' | 'embedded' | 'stop'>> {
  if (databaseUrl) return { url: databaseUrl, embedded: false, stop: async () => {} }
  const { startEmbedded } = await import('./embedded.ts')
  const { url, adopted, made, stop } = await startEmbedded({ dataDir, create, log: (message) => log.info({}, message) })
  if (!adopted) onStart({ dataDir: resolve(dataDir), made })
  return { url, embedded: true, stop }
}

/**
 * The feed must use the schema of the tables, since it would receive nothing from another one.
 * @throws ConfigError
 */
function directUrl ({ databaseDirectUrl: direct, sources }: Config, { url, schema }: ChosenSchema): string {
  if (direct === undefined) return url
  const { named, schema: other } = parseDatabaseUrl(direct)
  if (!named) return withSchema(direct, schema)
  if (other === schema) return direct
  throw new ConfigError([{
    name: nameOf(sources, ['databaseDirectUrl']),
    message: `names the schema "${other}", and the tables are in "${schema}": leave ?schema= out of it, or name the same in ${nameOf(sources, ['databaseUrl'])}`
  }])
}

/**
 * Checks both URLs before anything is opened, since the feed would only keep retrying.
 * @throws ConfigError
 */
export function checkUrls ({ databaseUrl, databaseDirectUrl, sources }: Config): void {
  for (const [option, url] of Object.entries({ databaseUrl, databaseDirectUrl })) {
    try {
      if (url !== undefined) parseDatabaseUrl(url)
    } catch (error) {
      throw new ConfigError([{ name: nameOf(sources, [option]), message: `cannot be used: ${(error as Error).message}` }])
    }
  }
}
