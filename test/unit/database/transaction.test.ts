import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { inTransaction } from '../../../src/database/transaction.ts'
import { createDatabase } from '../../support/start-server.ts'

t.test('a connection that ends within a transaction rejects it, and does not end the process', async (t) => {
  const pool = new pg.Pool({ connectionString: await createDatabase(t) })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  await t.rejects(inTransaction(pool, async (client) => {
    const { rows: [connection] } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await pool.query('SELECT pg_terminate_backend($1)', [connection!.pid])
    // Nothing waits for an answer of this connection when it ends
    await sleep(200)
    await client.query('SELECT 1')
  }))
  const { rows } = await inTransaction(pool, (client) => client.query<{ one: number }>('SELECT 1 AS one'))
  t.same(rows, [{ one: 1 }])
})
