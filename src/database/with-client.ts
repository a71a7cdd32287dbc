import pg, { type Client } from 'pg'
import { addressOf, type DatabaseConnection } from './connection.ts'

// Long enough for a server that wakes up, short enough for a person who mistyped the host.
const CONNECT_TIMEOUT = 10_000

/** One connection for one piece of work; an error says in one line which database did not answer, and why. */
export async function withClient<Result> (database: DatabaseConnection, use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionTimeoutMillis: CONNECT_TIMEOUT, ...database.options })
  // A connection that breaks also fails the query that waits for it.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw connectionError(database, error)
  }
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

export function connectionError ({ options }: DatabaseConnection, error: unknown): Error {
  return new Error(`cannot connect to the database at ${addressOf(options)}: ${reasonOf(error)}`, { cause: error })
}

function reasonOf (error: unknown): string {
  // A name with several addresses fails once for each, under a message that is empty.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}
