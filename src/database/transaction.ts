import type pg from 'pg'

/** The connection of an `inTransaction`; opaque outside of stores. */
export type Transaction = pg.PoolClient

/** Runs several statements on one connection, all or none; each sees what others have committed before it. */
export async function inTransaction<Result> (pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  let broken = false
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => { broken = true })
    throw error
  } finally {
    client.release(broken)
  }
}
