import { setTimeout as delay } from 'node:timers/promises'
import pg, { type Client } from 'pg'
import { quoteIdentifier } from '../connection.ts'

// Every process that uses the embedded database holds a connection with a shared lock. A process that comes while the last one stops the
// server waits for the lock, is disconnected when the server stops, and then starts it again
const APPLICATION = 'latchkey lease'
const LOCK = 7_105_913_270
const NO_DATABASE = '3D000'
const DUPLICATES = new Set(['42P04', '23505'])
// Starting, stopping, crashed, out of connections, and connections without an answer
const PASSING = new Set(['57P03', '57P01', '57P02', '53300', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'])
// A connection that was closed a moment ago may still be listed
const OTHERS_TRIES = 10
const OTHERS_PAUSE = 20

/** Undefined while the server is starting or stopping. */
export async function takeLease (url: string): Promise<Client | undefined> {
  let client: Client | undefined
  try {
    client = await connect(url)
    await client.query('SELECT pg_advisory_lock_shared($1)', [LOCK])
    return client
  } catch (error) {
    await client?.end()
    if (codeOf(error) === NO_DATABASE) return await createDatabase(url)
    if (isPassing(error)) return undefined
    throw error
  }
}

/** True when no other process is connected; new ones then wait until the lease is closed or the server has stopped. */
export async function isLast (lease: Client): Promise<boolean> {
  await lease.query('SELECT pg_advisory_unlock_shared($1)', [LOCK])
  const { rows: [lock] } = await lease.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK])
  if (lock?.taken !== true) return false
  for (let tries = 0; tries < OTHERS_TRIES; tries++) {
    if (!await hasOthers(lease)) return true
    await delay(OTHERS_PAUSE)
  }
  return false
}

async function hasOthers (lease: Client): Promise<boolean> {
  const { rowCount } = await lease.query(
    "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> $1 LIMIT 1",
    [APPLICATION]
  )
  return rowCount !== 0
}

async function connect (url: string): Promise<Client> {
  const client = new pg.Client({ connectionString: url, application_name: APPLICATION, connectionTimeoutMillis: 5000 })
  // A broken lease is noticed when it is released
  client.on('error', () => {})
  await client.connect()
  return client
}

async function createDatabase (url: string): Promise<Client | undefined> {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  const client = await connect(maintenance.href)
  try {
    await client.query(`CREATE DATABASE ${quoteIdentifier(new URL(url).pathname.slice(1))}`)
  } catch (error) {
    if (!DUPLICATES.has(codeOf(error))) throw error
  } finally {
    await client.end()
  }
  return await takeLease(url)
}

function isPassing (error: unknown): boolean {
  const isTerminated = error instanceof Error && error.message.startsWith('Connection terminated')
  return isTerminated || PASSING.has(codeOf(error))
}

function codeOf (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
