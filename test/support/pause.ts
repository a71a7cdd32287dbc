import pg from 'pg'
import type { Test } from 'tap'
import { eventually } from './start-server.ts'

/** Statements that have taken their snapshot and are held up. */
export type Pause = {
  /** Waits until `count` statements are held up; fails the test otherwise. */
  reached: (count?: number) => Promise<void>
  /** Waits until `count` statements wait for a row that a held one has locked. */
  blocked: (count?: number) => Promise<void>
  release: () => Promise<void>
}

const LOCK = 4711

const ON = {
  login: 'BEFORE INSERT ON sessions FOR EACH ROW',
  client: 'BEFORE INSERT ON clients FOR EACH ROW',
  identityUse: 'BEFORE UPDATE ON social_accounts FOR EACH ROW',
  identity: 'BEFORE INSERT ON social_accounts FOR EACH ROW',
  refresh: 'BEFORE UPDATE ON sessions FOR EACH ROW WHEN (NEW.generation > OLD.generation)',
  epoch: 'BEFORE UPDATE ON sessions FOR EACH ROW WHEN (NEW.token_epoch > OLD.token_epoch)'
}

/**
 * Holds up logins, new clients, new accounts at providers or their use, refreshes, or changes of a session's epoch midway, so that another
 * statement can commit in between.
 */
export async function pause (t: Test, databaseUrl: string, what: keyof typeof ON): Promise<Pause> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`SELECT pg_advisory_lock(${LOCK})`)
  await client.query(
    `CREATE FUNCTION pause () RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(${LOCK}); RETURN NEW; END'`
  )
  await client.query(`CREATE TRIGGER pause ${ON[what]} EXECUTE FUNCTION pause()`)

  return {
    reached: (count = 1) => waiting(client, "'advisory'", count),
    blocked: (count = 1) => waiting(client, "'transactionid', 'tuple', 'relation'", count),
    release: async () => { await client.query(`SELECT pg_advisory_unlock(${LOCK})`) }
  }
}

/** Locks the rows of all users, so that what writes for them waits, one after the other. */
export async function holdUsers (t: Test, databaseUrl: string): Promise<Pick<Pause, 'blocked' | 'release'>> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  t.teardown(() => client.end())
  await client.query('BEGIN; SELECT FROM users FOR NO KEY UPDATE')
  return {
    blocked: (count = 1) => waiting(client, "'transactionid', 'tuple'", count),
    release: async () => { await client.query('COMMIT') }
  }
}

async function waiting (client: pg.Client, lock: string, count: number): Promise<void> {
  const text =
    `SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database() AND locktype IN (${lock})`
  if (!await eventually(async () => (await client.query(text)).rowCount! >= count)) {
    throw new Error(`${count} statements did not come to wait for ${lock}`)
  }
}
