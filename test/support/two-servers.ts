import { execFile } from 'node:child_process'
import { appendFile, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { Test } from 'tap'
import { startEmbedded } from '../../src/database/embedded.ts'
import { eventually } from './start-server.ts'

const run = promisify(execFile)
const PATIENCE = 60_000

export type Server = { url: string, query: <Row extends pg.QueryResultRow>(sql: string) => Promise<Row[]> }
export type TwoServers = {
  primary: Server
  standby: Server
  /** From now on commits of the primary wait for the standby. */
  synchronous: () => Promise<void>
  caughtUp: () => Promise<void>
  /** Promotes the standby, which then receives nothing more from the old primary; the old primary does not notice. */
  promote: () => Promise<void>
}

/** A primary and its streaming standby, started from a copy of its files. Both trust all connections from this machine. */
export async function twoServers (t: Test): Promise<TwoServers> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-two-'))
  // PostgreSQL may run as another user, who needs access
  await chmod(folder, 0o711)
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [first, second] = [join(folder, 'first'), join(folder, 'second')]
  await (await startEmbedded({ dataDir: first })).stop()
  await writeFile(join(first, 'postgres/pg_hba.conf'), 'host all,replication all 127.0.0.1/32 trust\n')
  await mkdir(second, { mode: 0o711 })
  await run('cp', ['-a', join(first, 'postgres'), second])
  const primary = await open(t, first)
  await appendFile(
    join(second, 'postgres/postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${new URL(primary.url).port} user=latchkey'\n`
  )
  await writeFile(join(second, 'postgres/standby.signal'), '')
  const standby = await open(t, second)

  async function until (server: Server, condition: string): Promise<void> {
    const holds = async () => (await server.query<{ holds: boolean | null }>(`SELECT (${condition}) AS holds`))[0]!.holds === true
    if (!await eventually(holds, PATIENCE)) throw new Error(`In vain: ${condition}`)
  }

  return {
    primary,
    standby,
    async synchronous () {
      await until(primary, "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")
      await primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
      await primary.query('SELECT pg_reload_conf()')
      await until(primary, "SELECT sync_state = 'sync' FROM pg_stat_replication")
    },
    async caughtUp () {
      const [at] = await primary.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn')
      await until(standby, `pg_last_wal_replay_lsn() >= '${at!.lsn}'`)
    },
    async promote () {
      await standby.query('SELECT pg_promote()')
      await until(standby, 'NOT pg_is_in_recovery()')
      await until(primary, 'NOT EXISTS (SELECT FROM pg_stat_replication)')
    }
  }
}

async function open (t: Test, dataDir: string): Promise<Server> {
  const { url, stop } = await startEmbedded({ dataDir })
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pool.on('error', () => {})
  t.teardown(async () => {
    await pool.end()
    await stop()
  })
  return { url, query: async (sql) => (await pool.query(sql)).rows }
}
