import { hash } from 'node:crypto'
import { deriveKeys, embeddedAppKey } from './app-key.ts'
import { ConfigError } from './config-error.ts'
import { settingName } from './config-names.ts'
import type { Config } from './config.ts'
import { openDatabase, type Database } from './database/client.ts'
import { readyDatabase } from './database/ready.ts'
import { createKeyRing, type KeyRing } from './keys/key-ring.ts'
import type { Revocation } from './revocation/revocation-list.ts'
import type { PrismaClient } from '../prisma/generated/client.ts'
import { createStore, type Store } from '../prisma/store/index.ts'

export type Log = Record<'debug' | 'info' | 'warn' | 'error', (details: object, message: string) => void>

/** What the server and the command line both stand on: the database, what is asked of it, the keys. */
export type Core = {
  config: Config
  appKeys: readonly string[]
  database: Database
  databaseUrl: string
  /** Past a pooler, for the revocation feed. */
  directUrl: string
  store: Store
  keys: KeyRing
  /** The database was empty: everything has just been made. */
  fresh: boolean
  close: () => Promise<void>
}

export type CoreOptions = {
  log: Log
  prisma?: PrismaClient | undefined
  onRevoked?: (rows: Revocation[]) => void
  /** Apply migrations even to a database that is not embedded and not empty. */
  migrate?: boolean
}

/** Opens the database and the keys. @throws ConfigError, or an error of one line when the database cannot be used */
export async function openCore (config: Config, { log, prisma, onRevoked = () => {}, migrate = false }: CoreOptions): Promise<Core> {
  const ready = await readyDatabase(config, { log, migrate, ownMigrations: prisma !== undefined })
  const appKey = config.appKey ?? await embeddedAppKey(config.dataDir)
  const appKeys = [appKey, ...config.appPreviousKeys]
  const database = openDatabase({
    url: ready.url, poolSize: config.databasePoolSize, prepare: config.databasePrepare === 'on', prisma, onError: (err) => log.warn({ err }, 'A database connection broke')
  })
  const close = async () => {
    await database.close()
    await ready.stop()
  }
  try {
    const store = createStore(database, onRevoked)
    await checkAppKey(store, appKeys, config)
    await store.settings.raiseLongestTokenTtl(config.accessTokenTtl)
    const keys = createKeyRing({
      store: store.keys,
      sealKeys: deriveKeys(appKeys, 'signing-keys'),
      rotateEvery: config.keyRotation,
      sessionTtl: Math.max(config.sessionTtl, config.browserSessionTtl, config.browserRememberTtl),
      onSealedElsewhere: () => wrongAppKey(config)
    })
    await keys.rotateDue()
    return { config, appKeys, database, databaseUrl: ready.url, directUrl: ready.directUrl, store, keys, fresh: ready.fresh, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A wrong APP_KEY is an error at start, never a reason for new keys. */
async function checkAppKey (store: Store, appKeys: readonly string[], config: Config): Promise<void> {
  const checks = deriveKeys(appKeys, 'check').map((key) => hash('sha256', key, 'base64url'))
  const known = await store.settings.keyCheck(checks[0]!)
  if (!checks.includes(known)) throw wrongAppKey(config)
  if (known !== checks[0]) await store.settings.replaceKeyCheck(checks[0]!)
}

function wrongAppKey ({ sources }: Config): ConfigError {
  const [current, previous] = [settingName(sources, 'appKey', 'APP_KEY'), settingName(sources, 'appPreviousKeys', 'APP_PREVIOUS_KEYS')]
  return new ConfigError([{ name: current, message: `is not the one that this database was set up with; give that one, as ${current} or in ${previous}` }])
}
