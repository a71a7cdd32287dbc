import { setTimeout as sleep } from 'node:timers/promises'
import { fail, ok, type Check } from './check.ts'

export type FeedProbe = {
  /** Listens as a server does. */
  listen: (onNotification: () => void) => Promise<{ close: () => Promise<void> }>
  /** Sends a notification on the connection used for statements. */
  notify: () => Promise<void>
  /** DATABASE_DIRECT_URL is set. */
  direct: boolean
}

const WAIT_MS = 2000

/** Sends and receives a notification. Through a pooler in transaction mode it is lost, and a logout then takes effect two seconds later. */
export async function checkFeed ({ listen, notify, direct }: FeedProbe, waitMs = WAIT_MS): Promise<Check> {
  const variable = direct ? 'DATABASE_DIRECT_URL' : 'DATABASE_URL'
  let hear = () => {}
  const heard = new Promise<boolean>((resolve) => { hear = () => resolve(true) })
  let connection: Awaited<ReturnType<typeof listen>> | undefined
  try {
    connection = await listen(hear)
    const began = performance.now()
    await notify()
    if (await Promise.race([heard, sleep(waitMs, false, { ref: false })])) {
      return ok('feed', `a notification over ${variable} took ${(performance.now() - began).toFixed(1)} ms`)
    }
    return direct
      ? fail(
        'feed',
        'a notification sent over DATABASE_URL did not arrive over DATABASE_DIRECT_URL: another database, or a pooler in transaction mode',
        'set DATABASE_DIRECT_URL to the same database, without a pooler in between'
      )
      : fail(
        'feed',
        'LISTEN does not work over DATABASE_URL: there is a pooler in transaction mode in between',
        'set DATABASE_DIRECT_URL to the database itself'
      )
  } catch (error) {
    return fail('feed', `${variable}: ${error instanceof Error ? error.message : String(error)}`, `correct ${variable}`)
  } finally {
    await connection?.close().catch(() => {})
  }
}
