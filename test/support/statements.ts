import type { FastifyInstance } from 'fastify'
import { internals } from '../../plugins/internals.ts'

/** The audit log is written after the answer, and the formats of stored passwords are read beside a login: no request waits for either. */
const isAside = (query: unknown) =>
  typeof query === 'object' && query !== null && 'name' in query && (query.name === 'audit-write' || query.name === 'password-schemes')

/** Number of statements while `run` ran, without those that no request waits for; a transaction is one, since connections are counted. */
export async function statementsDuring (app: FastifyInstance, run: () => PromiseLike<unknown>): Promise<number> {
  const { pool } = internals(app).database
  const { connect, query } = pool
  let count = 0
  let aside = false
  pool.query = function (...args: unknown[]) {
    aside = isAside(args[0])
    try {
      return Reflect.apply(query, pool, args)
    } finally {
      aside = false
    }
  } as typeof query
  pool.connect = function (this: unknown, ...args: unknown[]) {
    if (!aside) count++
    return Reflect.apply(connect, pool, args) as unknown
  } as typeof connect
  try {
    await run()
  } finally {
    pool.connect = connect
    pool.query = query
  }
  return count
}
