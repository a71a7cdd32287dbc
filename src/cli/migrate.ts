import { embeddedOrUrl } from '../database/source.ts'
import { migrate as applyMigrations, pendingMigrations } from '../database/migrate.ts'
import { installClients } from '../compose/install.ts'
import type { Context } from './context.ts'
import type { Result } from './result.ts'

/** Applies the shipped migrations that are pending. */
export async function migrate (context: Context): Promise<Result> {
  const { config, log, options } = context
  if (options.prisma) {
    throw new Error(
      'The configuration file gives a Prisma client: the migrations are those of its own project, run `npx prisma migrate deploy` there'
    )
  }
  const source = await embeddedOrUrl(config, log, { embedded: context.embedded(true) })
  try {
    const before = await pendingMigrations(source.url)
    const { applied } = await applyMigrations(source.url, undefined, source.chosen.because === 'new')
    // A server installs clients only in an empty database
    if (before.applied.length === 0) await context.withCore(({ store }) => installClients(store, config))
    return { json: { applied }, lines: applied.length > 0 ? applied.map((name) => `Applied ${name}`) : ['The database is up to date.'] }
  } finally {
    await source.stop()
  }
}
