import { setTimeout as sleep } from 'node:timers/promises'
import { userPurgeOf } from '../compose/removal.ts'
import { purge as purgeStore, type Purged } from '../maintenance/purge.ts'
import type { Context } from './context.ts'
import type { Result } from './result.ts'

export type PurgeArgs = { expired?: boolean, revoked?: boolean, hours?: number | true }

// Longer than the server's own purge takes after a busy week
const WAIT_MS = 30 * 60_000
const RETRY_MS = 500
const HOUR = 3600
// Of --hours without a number
const USUAL_HOURS = 168
const UNITS: [string, number][] = [['week', 168], ['day', 24], ['hour', 1]]

/** Deletes what has expired or was revoked; without a flag both, as in Passport. */
export async function purge (context: Context, { expired = false, revoked = false, hours: given }: PurgeArgs): Promise<Result> {
  const hours = given === true ? USUAL_HOURS : given
  const both = expired === revoked
  const wanted = { expired: both || expired, revoked: both || revoked }
  const purged = await run(context, { ...wanted, keep: (hours ?? 0) * HOUR, auditRetention: context.config.auditRetention })
  return { json: { ...wanted, hours: hours ?? null, purged }, lines: [sentence(wanted, hours)] }
}

/** Waits while a server is purging. */
async function run ({ withCore, log }: Context, options: Parameters<typeof purgeStore>[1]): Promise<Purged> {
  return await withCore(async (core) => {
    const users = userPurgeOf({
      ...core,
      onRefused: ({ userId, table, err }) =>
        log.warn({ err }, `The user ${userId}, who has asked for deletion, could not be deleted${table === null ? '' : `: the table ${table} refers to it`}`)
    })
    const until = performance.now() + WAIT_MS
    for (let told = false; performance.now() < until; told = true) {
      const purged = await purgeStore(core.store.purge, { ...options, users }, new AbortController().signal)
      if (purged) return purged
      if (!told) log.warn({}, 'Another process is purging at this moment; waiting for it')
      await sleep(RETRY_MS)
    }
    throw new Error('Another process is still purging; try again later')
  })
}

/** In the wording of Passport. */
function sentence ({ expired, revoked }: { expired: boolean, revoked: boolean }, hours = 0): string {
  const expiredItems = hours > 0 ? `items expired for more than ${duration(hours)}` : 'expired items'
  return `Purged ${[...(revoked ? ['revoked items'] : []), ...(expired ? [expiredItems] : [])].join(' and ')}.`
}

function duration (hours: number): string {
  const [unit, size] = UNITS.find(([, size]) => hours % size === 0)!
  const count = hours / size
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
