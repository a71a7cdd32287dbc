import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions, SecureVersion } from 'node:tls'

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
const PARAMETERS = [
  'sslmode',
  'ssl',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
  'sslcrl',
  'sslsni',
  'sslnegotiation',
  'ssl_min_protocol_version',
  'ssl_max_protocol_version',
  'uselibpqcompat'
] as const
const SECURE_VERSIONS: readonly string[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] satisfies SecureVersion[]
/** Default directory of certificates, as in psql. */
const HOME = '.postgresql'

export type TlsMode = typeof MODES[number]
export type TlsParameters = { [Name in typeof PARAMETERS[number]]?: string }

/** How a connection is encrypted, in the terms of libpq. */
export type Tls = {
  mode: TlsMode
  /** TLS from the first byte (PostgreSQL 17), without an SSLRequest. */
  direct: boolean
  /** Whether to send the server's name. */
  sni: boolean
  options: ConnectionOptions
}

/** Removes and returns the TLS parameters of a URL. */
export function takeTlsParameters (parameters: URLSearchParams): TlsParameters {
  const taken: TlsParameters = {}
  for (const name of PARAMETERS) {
    const value = parameters.get(name)
    parameters.delete(name)
    if (value) taken[name] = value
  }
  return taken
}

/**
 * @param local the server is on this machine
 * @throws Error that says what to change
 */
export function createTls (url: TlsParameters, local: boolean, environment: NodeJS.ProcessEnv = process.env): Tls {
  const given = withEnvironment(url, environment)
  const system = given.sslrootcert === 'system'
  const mode = modeOf(given, local)
  const direct = given.sslnegotiation === 'direct'
  if (direct && !/^(require|verify-)/.test(mode)) {
    throw new Error('sslnegotiation=direct in the database URL needs sslmode=require, verify-ca or verify-full')
  }
  if (mode === 'disable') return { mode, direct, sni: false, options: {} }
  const ca = system ? undefined : file('sslrootcert', given.sslrootcert, 'root.crt')
  if (mode === 'verify-ca' && !ca) {
    throw new Error(
      'sslmode=verify-ca in the database URL needs sslrootcert=<file with the certificate of the CA>; with a public CA use verify-full, because anyone can get a certificate from it'
    )
  }
  const verified = mode.startsWith('verify-') || (mode === 'require' && ca !== undefined)
  const named = mode === 'verify-full'
  return {
    mode,
    direct,
    sni: given.sslsni !== '0',
    options: {
      ...certificates(given), ...versions(given), ...(ca && { ca }), rejectUnauthorized: verified,
      ...(verified && !named && { checkServerIdentity: () => undefined })
    }
  }
}

/** Variables of libpq apply where the URL does not set a parameter. */
function withEnvironment (url: TlsParameters, { PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY }: NodeJS.ProcessEnv): TlsParameters {
  const variables = { sslmode: url.ssl ? undefined : PGSSLMODE, sslrootcert: PGSSLROOTCERT, sslcert: PGSSLCERT, sslkey: PGSSLKEY }
  return { ...Object.fromEntries(Object.entries(variables).filter(([, value]) => value)), ...url }
}

/**
 * The default of libpq: TLS if the server supports it. A local connection cannot be intercepted, so it uses TLS only if the server requires
 * it, as behind a tunnel.
 */
function modeOf ({ sslmode, ssl, sslrootcert }: TlsParameters, local: boolean): TlsMode {
  if (sslmode === 'no-verify' || ssl === 'no-verify') return 'require'
  if (sslmode !== undefined) {
    const mode = MODES.find((known) => known === sslmode)
    if (!mode) throw new Error(`sslmode in the database URL must be ${MODES.slice(0, -1).join(', ')} or ${MODES.at(-1)}`)
    if (sslrootcert === 'system' && mode !== 'verify-full') {
      throw new Error('sslrootcert=system in the database URL needs sslmode=verify-full, because anyone can get a certificate from a public CA')
    }
    return mode
  }
  if (sslrootcert === 'system') return 'verify-full'
  if (ssl !== undefined) return ['0', 'false'].includes(ssl) ? 'disable' : 'require'
  return local ? 'allow' : 'prefer'
}

function certificates ({ sslcert, sslkey, sslpassword, sslcrl }: TlsParameters): ConnectionOptions {
  const cert = file('sslcert', sslcert, 'postgresql.crt')
  const key = cert && file('sslkey', sslkey, 'postgresql.key')
  const crl = file('sslcrl', sslcrl, 'root.crl')
  return { ...(cert && { cert }), ...(key && { key }), ...(crl && { crl }), ...(sslpassword !== undefined && { passphrase: sslpassword }) }
}

function versions (given: TlsParameters): ConnectionOptions {
  const { ssl_min_protocol_version: min, ssl_max_protocol_version: max } = given
  return { ...(min !== undefined && { minVersion: version(min) }), ...(max !== undefined && { maxVersion: version(max) }) }
}

function version (text: string): SecureVersion {
  if (!isSecureVersion(text)) throw new Error(`a TLS version in the database URL must be one of ${SECURE_VERSIONS.join(', ')}`)
  return text
}

function isSecureVersion (text: string): text is SecureVersion {
  return SECURE_VERSIONS.includes(text)
}

function file (name: string, path: string | undefined, usual: string): Buffer | undefined {
  const chosen = path ?? join(homedir(), HOME, usual)
  if (path === undefined && !existsSync(chosen)) return undefined
  try {
    return readFileSync(chosen)
  } catch (error) {
    throw new Error(`${name} of the database URL cannot be read: ${(error as Error).message}`)
  }
}
