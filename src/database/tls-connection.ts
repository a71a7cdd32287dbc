import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import pg, { type ClientConfig, type Connection } from 'pg'
import type { Tls } from './tls.ts'

declare module 'pg' {
  // Members of pg that its types lack
  interface Connection {
    _connecting: boolean
    _ending: boolean
    attachListeners (stream: Duplex): void
  }
  interface ClientConfig {
    connection?: Connection
  }
}

// PostgreSQL protocol, section 53.2.10: a length of 8 and the SSLRequest code
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const [YES, NO, ERROR] = [...Buffer.from('SNE')]
const HEADER = 5
// pg_hba.conf has no line for such a connection; PgBouncer uses another code
const REFUSALS = new Set(['28000', '08P01'])

/** The server has no TLS, and `sslmode` requires it. */
class NoTls extends Error {
  readonly code = 'LK_NO_TLS'
  constructor (mode: string) {
    super(`the server offers no TLS, which sslmode=${mode} asks for`)
    this.name = 'NoTls'
  }
}

/**
 * A pg connection that is encrypted as in libpq: pg does not support `allow` and `prefer`, which continue without TLS, or retry with it.
 * Once the server has accepted the connection, this adds no overhead.
 */
export function tlsConnection (settings: Tls, { keepAlive = false, keepAliveInitialDelayMillis }: ClientConfig): Connection {
  const { mode, direct, sni, options } = settings
  const connection = new pg.Connection({ keepAlive })
  let target: { path: string } | { port: number, host: string }

  function connect (port: number | string, host?: string): void {
    connection._connecting = true
    target = host === undefined ? { path: String(port) } : { port: Number(port), host }
    // libpq does not use TLS on a local socket
    if (host === undefined || mode === 'disable') return attempt(false)
    if (mode === 'allow') return attempt(false, () => attempt(true))
    attempt(true, mode === 'prefer' ? () => attempt(false) : undefined)
  }

  /** @param otherwise what to try when this attempt is refused */
  function attempt (encrypted: boolean, otherwise?: () => void): void {
    const socket = new net.Socket()
    use(socket)
    socket.setNoDelay(true)
    socket.once('connect', () => {
      if (keepAlive) socket.setKeepAlive(true, keepAliveInitialDelayMillis)
      if (!encrypted) return ready(socket, otherwise)
      return direct ? encrypt(socket, otherwise) : ask(socket, otherwise)
    })
    socket.connect(target)
  }

  /**
   * Only events of the last attempt are handled.
   * @param handled handles an error that does not end the connection
   */
  function use (stream: Duplex, handled: () => boolean = () => false): void {
    Object.assign(connection, { stream })
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (connection.stream !== stream) return
      if (connection._ending && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) return
      if (connection._ending || !handled()) connection.emit('error', error)
    })
    stream.on('close', () => { if (connection.stream === stream) connection.emit('end') })
  }

  function ask (socket: net.Socket, otherwise?: () => void): void {
    socket.write(SSL_REQUEST)
    socket.once('data', (answer: Buffer) => {
      // Bytes after the single one were injected by an intermediary (CVE-2021-23222)
      const [said] = answer.length === 1 || answer[0] === ERROR ? answer : []
      if (said === YES) return encrypt(socket, otherwise)
      if (said === NO && mode === 'prefer') return ready(socket)
      if (said === ERROR && otherwise) return leave(socket, otherwise)
      connection.emit(
        'error',
        said === NO ? new NoTls(mode) : new Error('the answer to the TLS request does not come from PostgreSQL: check host and port in the database URL')
      )
      socket.destroy()
    })
  }

  function encrypt (socket: net.Socket, otherwise?: () => void): void {
    const host = 'host' in target ? target.host : ''
    const servername = sni && net.isIP(host) === 0 ? { servername: host } : {}
    const stream = tls.connect({ ...options, socket, host, ...servername, ...(direct && { ALPNProtocols: ['postgresql'] }) })
    let isOpen = false
    use(stream, () => {
      if (isOpen || !otherwise) return false
      otherwise()
      return true
    })
    stream.once('secureConnect', () => {
      isOpen = true
      ready(stream, otherwise)
    })
  }

  /** pg may now send its startup message. */
  function ready (stream: Duplex, otherwise?: () => void): void {
    if (otherwise) listen(stream, otherwise)
    else connection.attachListeners(stream)
    connection.emit('connect')
  }

  /** Inspects the first message of the server, and then unshifts it. */
  function listen (stream: Duplex, otherwise: () => void): void {
    let bytes = Buffer.alloc(0)
    stream.on('data', function look (chunk: Buffer) {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes[0] === ERROR && (bytes.length < HEADER || bytes.length < bytes.readUInt32BE(1) + 1)) return
      stream.off('data', look)
      if (bytes[0] === ERROR && REFUSALS.has(stateOf(bytes)) && !connection._ending) return leave(stream, otherwise)
      stream.pause()
      stream.unshift(bytes)
      connection.attachListeners(stream)
      stream.resume()
    })
  }

  function leave (stream: Duplex, otherwise: () => void): void {
    otherwise()
    stream.destroy()
  }

  return Object.assign(connection, { connect })
}

/** SQLSTATE of an ErrorResponse, whose fields begin with a letter and end with a zero. */
function stateOf (message: Buffer): string {
  const fields = message.subarray(HEADER).toString('latin1').split('\0')
  return fields.find((field) => field.startsWith('C'))?.slice(1) ?? ''
}
