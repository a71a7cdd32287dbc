import { spawn } from 'node:child_process'
import { open, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Account } from './account.ts'
import { cannotRun } from './binaries.ts'

// `sun_path` has 108 bytes on Linux and 104 on macOS, including the terminating zero
const MAX_SOCKET_PATH = 103
const MAX_LOG_BYTES = 1_000_000
const LOG_LINES = 12

/** A server that is being started. */
export interface Launch {
  pid: number | undefined
  /** Set once it has exited. */
  end?: LaunchEnd
}

export interface LaunchEnd {
  /** It was stopped normally by another process that had joined it. */
  stopped: boolean
  /** The lines of this server in the log, to which several servers may write. */
  ownLines: string
  lastLines: string
}

export interface LaunchOptions {
  postgres: string
  directory: string
  logFile: string
  account: Account | undefined
  /** The port to reuse after a restart, since other processes know it. */
  port?: number
}

/** Starts in a session of its own, so that Ctrl-C in the terminal does not reach the database before its users have finished. */
export async function launch ({ postgres, directory, logFile, account, port }: LaunchOptions): Promise<Launch> {
  const start = await sizeOf(logFile)
  const log = await open(logFile, start > MAX_LOG_BYTES ? 'w' : 'a', 0o600)
  const server = spawn(postgres, await serverOptions(directory, port), {
    ...account,
    cwd: directory,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { PATH: process.env.PATH, LC_ALL: 'C' }
  })
  server.unref()
  const result: Launch = { pid: server.pid }
  server.once('error', (error) => { result.end = { stopped: false, ownLines: '', lastLines: cannotRun(postgres, error) } })
  server.once('exit', (code) => {
    linesFrom(logFile, start).catch((error: unknown) => [String(error)]).then((lines) => {
      const ownLines = lines.filter((line) => line.includes(`[${server.pid}]`)).join('\n')
      result.end = { stopped: code === 0, ownLines, lastLines: lines.slice(-LOG_LINES).join('\n') }
    })
  })
  await log.close()
  return result
}

async function serverOptions (directory: string, port?: number): Promise<string[]> {
  return [
    '-D', directory,
    '-p', String(port ?? await freePort()),
    '-c', 'listen_addresses=127.0.0.1',
    '-c', `unix_socket_directories=${socketDirectory(directory)}`,
    '-c', 'max_connections=200',
    '-c', 'timezone=UTC',
    '-c', 'log_timezone=UTC'
  ]
}

function socketDirectory (directory: string): string {
  const longest = join(directory, '.s.PGSQL.65535')
  if (Buffer.byteLength(longest) > MAX_SOCKET_PATH || directory.includes('"')) return ''
  return `"${directory}"`
}

async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1')
  return address.port
}

async function sizeOf (file: string): Promise<number> {
  return await stat(file).then(({ size }) => size, () => 0)
}

async function linesFrom (file: string, start: number): Promise<string[]> {
  const content = await readFile(file)
  return content.subarray(content.length < start ? 0 : start).toString('utf8').trim().split('\n')
}
