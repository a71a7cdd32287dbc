import type { Config } from '../config.ts'
import { embeddedOrUrl } from './source.ts'
import { migrate, pendingMigrations } from './migrate.ts'

export type ReadyDatabase = { url: string, fresh: boolean, stop: () => Promise<void> }

type Options = {
  log: { info: (details: object, message: string) => void }
  migrate: boolean
  /** The host migrates its tables itself. */
  ownMigrations: boolean
}

/**
 * A database with its tables. The embedded one, and an empty one, get the migrations;
 * one that is behind is left alone: its owner decides when.
 */
export async function readyDatabase (config: Config, { log, migrate: wanted, ownMigrations }: Options): Promise<ReadyDatabase> {
  const source = await embeddedOrUrl(config, log)
  try {
    const fresh = ownMigrations ? false : await applyMigrations(source.url, wanted || source.embedded, log)
    return { url: source.url, fresh, stop: source.stop }
  } catch (error) {
    await source.stop()
    throw error
  }
}

async function applyMigrations (url: string, always: boolean, log: Options['log']): Promise<boolean> {
  const { pending, applied } = await pendingMigrations(url)
  if (pending.length === 0) return false
  const fresh = applied.length === 0
  if (!always && !fresh) {
    throw new Error(`The database is behind by ${pending.length} migration${pending.length > 1 ? 's' : ''} (${pending.join(', ')}); run \`npx latchkey migrate\` first`)
  }
  const done = await migrate(url)
  log.info({ migrations: done.applied }, 'Migrations applied')
  return fresh
}
