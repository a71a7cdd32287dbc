import { hash } from 'node:crypto'
import { appKeyFile, deriveKeys, makeAppKey, readAppKey } from '../crypto/app-key.ts'
import { ConfigError } from '../config/config-error.ts'
import { settingName } from '../config/names.ts'
import type { Config } from '../config/config.ts'
import { openDatabase, type Database } from '../database/client.ts'
import { readyDatabase } from '../database/ready.ts'
import type { EmbeddedUse } from '../database/source.ts'
import { createKeyRing, SIGNING_KEYS, type KeyRing } from '../keys/key-ring.ts'
import { createClock, type Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/log.ts'
import type { PrismaClient } from '../../prisma/generated/client.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { outboxOf } from './outbox.ts'
import { createStore, type Store } from './store.ts'

/** What the server and the command line share: the time, the database, its stores and the keys. */
export type Core = {
  config: Config
  clock: Clock
  appKeys: readonly string[]
  database: Database
  databaseUrl: string
  /** Bypasses a pooler, for the revocation feed. */
  directUrl: string
  store: Store
  keys: KeyRing
  /** Seals what is to be sent; a server sends it. */
  outbox: Outbox
  /** The database was empty, and has just been set up. */
  fresh: boolean
  close: () => Promise<void>
}

export type CoreOptions = {
  log: Log
  prisma?: PrismaClient | undefined
  /** Apply migrations even to a database that is not embedded and not empty. */
  migrate?: boolean
  /** By default as a server, which creates a database where there is none. */
  embedded?: EmbeddedUse
}

/**
 * Opens the database and the keys.
 * @throws ConfigError, or an error of one line when the database cannot be used
 */
export async function openCore (
  config: Config,
  { log, prisma, migrate = false, embedded }: CoreOptions
): Promise<Core> {
  // A stored APP_KEY must be readable before anything is created
  if (config.appKey === undefined && config.databaseUrl === undefined) await readAppKey(config.dataDir)
  const ready = await readyDatabase(config, { log, migrate, ownMigrations: prisma !== undefined, embedded })
  const clock = createClock()
  let database: Database | undefined
  const close = async () => {
    try {
      await database?.close()
    } finally {
      await ready.stop()
    }
  }
  try {
    database = openDatabase({
      url: ready.url,
      poolSize: config.databasePoolSize,
      prepare: config.databasePrepare === 'on',
      prisma,
      clock,
      onError: (err) => log.warn({ err }, 'A database connection broke')
    })
    const store = createStore(database, { factors: config.factors === 'on' })
    const appKeys = [config.appKey ?? await embeddedAppKey(store, config), ...config.appPreviousKeys]
    const isUnchecked = await checkAppKey(store, appKeys, config)
    const keys = createKeyRing({
      store: store.keys,
      clock,
      sealKeys: deriveKeys(appKeys, SIGNING_KEYS),
      rotateEvery: config.keyRotation,
      sessionTtl: Math.max(config.sessionTtl, config.browserSessionTtl, config.browserRememberTtl),
      onSealedElsewhere: () => wrongAppKey(config)
    })
    await keys.rotateDue()
    if (isUnchecked) await store.settings.firstKeyCheck(keyChecks(appKeys)[0]!)
    await store.settings.raiseLongestTokenTtl(config.accessTokenTtl)
    const outbox = outboxOf({ config, appKeys })
    return {
      config, clock, appKeys, database, databaseUrl: ready.url, directUrl: ready.directUrl, store, keys, outbox, fresh: ready.fresh, close
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A missing key is created only while nothing is sealed: data sealed with another key could not be opened. */
async function embeddedAppKey (store: Store, config: Config): Promise<string> {
  const kept = await readAppKey(config.dataDir)
  if (kept !== undefined) return kept
  const { known, sealed } = await store.settings.keyCheck()
  if (known === null && !sealed) return await makeAppKey(config.dataDir)
  // A process that creates both creates the key first
  const made = await readAppKey(config.dataDir)
  if (made !== undefined) return made
  throw new ConfigError([{
    name: settingName(config.sources, 'appKey', 'APP_KEY'),
    message: `is missing: the embedded database was set up with a key that is not in ${appKeyFile(config.dataDir)}; set that key, or restore the file`
  }])
}

/**
 * A wrong APP_KEY is an error at start, and never leads to new keys.
 * @returns whether only the signing keys can show that
 */
async function checkAppKey (store: Store, appKeys: readonly string[], config: Config): Promise<boolean> {
  const { known, sealed } = await store.settings.keyCheck()
  if (known === null && sealed) return true
  const checks = keyChecks(appKeys)
  const inUse = known ?? await store.settings.firstKeyCheck(checks[0]!)
  if (!checks.includes(inUse)) throw wrongAppKey(config)
  if (inUse !== checks[0]) await store.settings.replaceKeyCheck(checks[0]!)
  return false
}

function keyChecks (appKeys: readonly string[]): string[] {
  return deriveKeys(appKeys, 'check').map((key) => hash('sha256', key, 'base64url'))
}

function wrongAppKey ({ appKey, dataDir, sources }: Config): ConfigError {
  const [current, previous] = [settingName(sources, 'appKey', 'APP_KEY'), settingName(sources, 'appPreviousKeys', 'APP_PREVIOUS_KEYS')]
  const name = appKey === undefined ? `The key in ${appKeyFile(dataDir)}` : current
  return new ConfigError([{
    name,
    message: `is not the key that this database was set up with; set that key as ${current}, or add it to ${previous}`
  }])
}
