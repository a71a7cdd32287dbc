import type pg from 'pg'

/** The connection of an `inTransaction`; opaque outside of stores. */
export type Transaction = pg.PoolClient

const commitHandlers = new WeakMap<pg.PoolClient, (() => void)[]>()

/** Calls a function once the transaction of an `inTransaction` is committed; not at all when it is rolled back. */
export function afterCommit (client: pg.PoolClient, handler: () => void): void {
  commitHandlers.get(client)?.push(handler)
}

/** Runs several statements on one connection, all or none; each sees what others have committed before it. */
export async function inTransaction<Result> (pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  // Emitted besides the failure of the statement; the pool listens only to connections that nobody uses
  client.on('error', ignore)
  const onCommit: (() => void)[] = []
  commitHandlers.set(client, onCommit)
  let broken = false
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    const result = await work(client)
    await client.query('COMMIT')
    for (const handler of onCommit) handler()
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => { broken = true })
    throw error
  } finally {
    commitHandlers.delete(client)
    client.off('error', ignore)
    client.release(broken)
  }
}

function ignore (): void {}
