import type { FeedConnection } from './feed.ts'
import { newClient } from '../database/connect.ts'
import { parseDatabaseUrl, quoteIdentifier } from '../database/connection.ts'
import { sessionSettings } from '../database/session.ts'
import { createPoll } from './feed-poll.store.ts'
import { createPulse } from './pulse.store.ts'

const CONNECT_MS = 3000
// A silently cut connection is detected by a statement that does not return
const QUERY_MS = 3000

/** The name contains the schema, since servers of several schemas may share a database. */
export const feedChannel = (schema: string) => quoteIdentifier(`latchkey_revocations_${schema}`.slice(0, 63))

/** The feed's own connection, outside the pool: LISTEN needs one that stays. */
export async function openFeedConnection (url: string, onNotification: () => void): Promise<FeedConnection> {
  const database = parseDatabaseUrl(url)
  const { schema } = database
  const table = (name: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
  const client = newClient(database, {
    connectionTimeoutMillis: CONNECT_MS, query_timeout: QUERY_MS, keepAlive: true, application_name: 'latchkey feed'
  })
  const lost = new Promise<void>((resolve) => {
    client.on('error', () => resolve())
    client.on('end', () => resolve())
  })
  const channel = feedChannel(schema)
  await client.connect()
  // The payload is not read: a notification only says that there is something to poll
  client.on('notification', onNotification)
  await client.query(`${sessionSettings({ schema, timeouts: { statement_timeout: String(QUERY_MS) } })}; LISTEN ${channel}`)
  const poll = createPoll((query) => client.query(query), table)
  const pulse = createPulse(client, table('feed_pulse'), channel)

  // One statement at a time
  let last: Promise<unknown> = Promise.resolve()
  function next<T> (work: () => Promise<T>): Promise<T> {
    const mine = last.then(work, work)
    last = mine.catch(() => {})
    return mine
  }

  return {
    poll: (cursor) => next(() => poll(cursor)),
    notify: () => next(async () => { await client.query(`NOTIFY ${channel}`) }),
    pulse: (from) => next(() => pulse(from)),
    close: () => client.end(),
    lost
  }
}
