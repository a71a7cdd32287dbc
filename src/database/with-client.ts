import type { Client } from 'pg'
import { newClient } from './connect.ts'
import { addressOf, type DatabaseConnection } from './connection.ts'
import { sessionSettings } from './session.ts'

/** Advice on the URL when TLS fails. */
const WAYS_OUT = [
  {
    code: /^(SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/,
    say: 'set the certificate of its CA with ?sslrootcert=<file>, or accept any certificate with ?sslmode=require'
  },
  { code: /^ERR_TLS_CERT_ALTNAME_INVALID$/, say: 'use the host name in its certificate, or ?sslmode=verify-ca' },
  { code: /^LK_NO_TLS$/, say: 'give the server a certificate, or use ?sslmode=prefer' }
]

// Long enough for a server that is starting, short enough for a person who mistyped the host
const CONNECT_TIMEOUT = 10_000

/** Opens one connection for one piece of work; an error says in one line which database did not answer, and why. */
export async function withClient<Result> (database: DatabaseConnection, use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = newClient(database, { connectionTimeoutMillis: CONNECT_TIMEOUT })
  // A connection that breaks also rejects the pending query
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(sessionSettings(database))
  } catch (error) {
    throw connectionError(database, error)
  }
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

function connectionError ({ options }: DatabaseConnection, error: unknown): Error {
  const wayOut = WAYS_OUT.find(({ code }) => code.test(codeOf(error)))
  return new Error(`cannot connect to the database at ${addressOf(options)}: ${reasonOf(error)}${wayOut ? `; ${wayOut.say}` : ''}`, {
    cause: error
  })
}

function codeOf (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function reasonOf (error: unknown): string {
  // A host name with several addresses fails once for each, in an error with an empty message
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}
