import type { ClientConfig, PoolConfig } from 'pg'
import { parse, toClientConfig } from 'pg-connection-string'

const EXAMPLE = 'postgresql://user:password@host:5432/database'
const DEFAULT_SCHEMA = 'public'
const DEFAULT_PORT = 5432
// PostgreSQL would cut a longer one without a word.
const MAX_IDENTIFIER_BYTES = 63

export interface DatabaseConnection {
  /** For `new pg.Client()`, `new pg.Pool()` and `new PrismaPg()`. */
  options: ClientConfig
  /** Where the tables are: `?schema=` of the URL. */
  schema: string
}

/** Reads a PostgreSQL URL. No error of it repeats the URL, which may hold a password. */
export function parseDatabaseUrl (url: string): DatabaseConnection {
  if (!/^postgres(ql)?:\/\//i.test(url)) throw new Error(`the database URL must look like ${EXAMPLE}`)
  const { config, schema = DEFAULT_SCHEMA, timeout } = parsed(url)
  if (schema === '' || Buffer.byteLength(schema) > MAX_IDENTIFIER_BYTES) {
    throw new Error(`the schema in the database URL is empty or longer than ${MAX_IDENTIFIER_BYTES} bytes`)
  }
  return { options: { ...config, ...connectionTimeout(timeout) }, schema }
}

/** `host:port`, or the path of the socket; never the user or the password. */
export function addressOf ({ host = 'localhost', port = DEFAULT_PORT }: ClientConfig): string {
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}`
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export function quoteIdentifier (name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * Prisma's adapter sends times without an offset and drops the offset of those it reads, so it is right
 * only in sessions that run in UTC; and unqualified names must find the tables of `?schema=`.
 */
export function sessionSettings (schema: string, scope: 'SESSION' | 'LOCAL' = 'SESSION'): string {
  return `SET ${scope} TIME ZONE 'UTC'; SET ${scope} search_path TO ${quoteIdentifier(schema)}`
}

/** Options of a pool whose sessions all have the settings above. */
export function poolConfig ({ options, schema }: DatabaseConnection): PoolConfig {
  return { ...options, onConnect: async (client) => { await client.query(sessionSettings(schema)) } }
}

interface ParsedUrl {
  config: ClientConfig
  schema: string | undefined
  timeout: string | undefined
}

function parsed (url: string): ParsedUrl {
  try {
    // `sslmode` and the files of certificates have become `ssl`.
    const { schema, connect_timeout: timeout, sslmode, sslcert, sslkey, sslrootcert, ...rest } = parse(url)
    return { config: toClientConfig(rest), schema: textOrNothing(schema), timeout: textOrNothing(timeout) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`the database URL cannot be read (${reason}); it must look like ${EXAMPLE}, special characters percent-encoded`)
  }
}

function textOrNothing (value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function connectionTimeout (seconds: string | undefined): Pick<ClientConfig, 'connectionTimeoutMillis'> {
  if (seconds === undefined) return {}
  if (!/^\d+$/.test(seconds)) throw new Error('connect_timeout in the database URL is not a number of seconds')
  return { connectionTimeoutMillis: Number(seconds) * 1000 }
}
