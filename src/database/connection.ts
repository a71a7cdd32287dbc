import type { ClientConfig } from 'pg'
import { parse, toClientConfig } from 'pg-connection-string'
import { timerMs } from '../runtime/timer.ts'
import { hasRawPassword } from './raw-password.ts'
import type { Timeouts } from './session.ts'
import { createTls, takeTlsParameters, type Tls } from './tls.ts'

const EXAMPLE = 'postgresql://user:password@host:5432/database'
/** Where our tables were before they had a schema of their own, and where those of other applications are. */
export const DEFAULT_SCHEMA = 'public'
export const OWN_SCHEMA = 'latchkey'
const DEFAULT_PORT = 5432
// PostgreSQL would silently truncate a longer one
const MAX_IDENTIFIER_BYTES = 63
const TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const

export interface DatabaseConnection {
  /** Address and credentials. */
  options: Pick<
    ClientConfig,
    'user' | 'password' | 'host' | 'port' | 'database' | 'application_name' | 'options' | 'connectionTimeoutMillis'
  >
  /** The schema of the tables: `?schema=` of the URL, or `public`; `chooseSchema` decides. */
  schema: string
  /** Whether the URL names the schema. */
  named: boolean
  tls: Tls
  /** Whether statements may have names. Not with `?pgbouncer=true`, where the next statement may run on another connection. */
  prepare: boolean
  timeouts: Timeouts
}

/** Parses a PostgreSQL URL. Its errors never repeat the URL, which may contain a password. */
export function parseDatabaseUrl (url: string): DatabaseConnection {
  if (!/^postgres(ql)?:\/\//i.test(url)) throw new Error(`the database URL must look like ${EXAMPLE}`)
  if (hasRawPassword(url)) {
    throw new Error(
      'the database URL has an @, /, ? or # where none can be: percent-encode those of the password (@ is %40, / is %2F, ? is %3F, # is %23)'
    )
  }
  const [address, query = ''] = split(url)
  const parameters = new URLSearchParams(query)
  const tls = takeTlsParameters(parameters)
  const { schema: name, connect_timeout: timeout, pgbouncer, ...rest } = parsed(`${address}?${parameters}`)
  const schema = name ?? DEFAULT_SCHEMA
  if (schema === '' || Buffer.byteLength(schema) > MAX_IDENTIFIER_BYTES) {
    throw new Error(`the schema in the database URL is empty or longer than ${MAX_IDENTIFIER_BYTES} bytes`)
  }
  return {
    options: { ...optionsOf(rest), ...connectionTimeout(timeout) },
    schema,
    named: name !== undefined,
    tls: createTls(tls, isLocal(rest['host'])),
    prepare: pgbouncer !== 'true',
    timeouts: Object.fromEntries(TIMEOUTS.flatMap((name) => rest[name] ? [[name, rest[name]]] : []))
  }
}

/** `host:port`, or the path of the socket; never the user or the password. */
export function addressOf ({ host = 'localhost', port = DEFAULT_PORT }: ClientConfig): string {
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}`
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** What to do when a schema contains something of another application. */
export function outOfTheWay (schema: string): string {
  return schema === OWN_SCHEMA
    ? 'give ours another one with ?schema=<name> in the database URL'
    : `give ours a schema of its own with ?schema=${OWN_SCHEMA} in the database URL`
}

export function quoteIdentifier (name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function split (url: string): [address: string, query?: string] {
  const at = url.indexOf('?')
  return at < 0 ? [url] : [url.slice(0, at), url.slice(at + 1)]
}

type Parameters = Record<string, string | undefined>

function parsed (url: string): Parameters {
  try {
    const { port, ...rest } = toClientConfig(parse(url))
    return {
      ...Object.fromEntries(Object.entries(rest).filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
      ...(port !== undefined && { port: String(port) })
    }
  } catch (error) {
    // The value follows the colon, and can be part of a password
    const [reason] = (error instanceof Error ? error.message : String(error)).split(':')
    throw new Error(`the database URL cannot be read (${reason}); it must look like ${EXAMPLE}, special characters percent-encoded`)
  }
}

/** Parameters for pg. Others are for other programs, such as Prisma's `connection_limit`. */
function optionsOf ({ user, password, host, port, database, application_name: name, options }: Parameters): DatabaseConnection['options'] {
  const given = { user, password, host, database, application_name: name, options }
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(port !== undefined && { port: Number(port) })
  }
}

function isLocal (host = 'localhost'): boolean {
  return host === '' || host === 'localhost' || host === '::1' || host.startsWith('127.') || host.startsWith('/')
}

function connectionTimeout (seconds: string | undefined): Pick<ClientConfig, 'connectionTimeoutMillis'> {
  if (seconds === undefined) return {}
  if (!/^\d+$/.test(seconds)) throw new Error('connect_timeout in the database URL is not a number of seconds')
  return { connectionTimeoutMillis: timerMs(Number(seconds)) }
}
