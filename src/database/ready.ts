import type { Config } from '../config/config.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import { embeddedOrUrl, type DatabaseSource, type EmbeddedUse } from './source.ts'

export type ReadyDatabase = Pick<DatabaseSource, 'url' | 'directUrl' | 'stop'> & { fresh: boolean }

type Options = {
  log: Record<'info' | 'warn', (details: object, message: string) => void>
  migrate: boolean
  /** The host applies the migrations of its tables itself. */
  ownMigrations: boolean
  embedded?: EmbeddedUse | undefined
}

/**
 * Opens a database with its tables. An embedded or empty database gets the migrations; an outdated one is left unchanged, since its owner
 * decides when to migrate.
 */
export async function readyDatabase (config: Config, { log, migrate: wanted, ownMigrations, embedded }: Options): Promise<ReadyDatabase> {
  const source = await embeddedOrUrl(config, log, { ownMigrations, embedded })
  const { url, directUrl, chosen, stop } = source
  if (chosen.unused) {
    log.warn(
      {},
      `Tables of Latchkey stand in the schema "${chosen.unused}", too; those in "${chosen.schema}" are used. ?schema= in the database URL would say which`
    )
  }
  try {
    const fresh = ownMigrations ? false : await applyMigrations(source, wanted || source.embedded, log)
    return { url, directUrl, fresh, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function applyMigrations ({ url, chosen }: DatabaseSource, always: boolean, log: Options['log']): Promise<boolean> {
  const { pending, applied } = await pendingMigrations(url)
  if (pending.length === 0) return false
  const fresh = applied.length === 0
  if (!always && !fresh) {
    throw new Error(
      `The database is behind by ${pending.length} migration${pending.length > 1 ? 's' : ''} (${pending.join(', ')}); run \`npx latchkey migrate\` first`
    )
  }
  const done = await migrate(url, undefined, chosen.because === 'new')
  log.info({ schema: chosen.schema, migrations: done.applied }, 'Migrations applied')
  return fresh
}
