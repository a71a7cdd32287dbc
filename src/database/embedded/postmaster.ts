import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

// Above the highest process id of any system, so that PostgreSQL finds no such process
const NOBODY = 2147483647

/** What PostgreSQL writes to postmaster.pid. */
export interface Postmaster {
  pid: number
  port: number
  ready: boolean
}

/** The server of a data directory, whether starting, ready or stopping. */
export async function findPostmaster (directory: string): Promise<Postmaster | undefined> {
  const lines = await lockLines(directory)
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  if (await isOtherProgram(pid)) return undefined
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

/**
 * Invalidates the lock file of a crashed server. It may name a process that is another program by now (common in containers, whose ids are
 * low), or a zombie, and PostgreSQL then refuses to start. The rest of the file is kept: PostgreSQL needs it to find out whether children
 * of the dead server still run.
 */
export async function releaseStaleLock (directory: string): Promise<void> {
  const [first, ...rest] = await lockLines(directory)
  const pid = Number(first)
  if (!(pid > 0) || !isAlive(pid) || !await isOtherProgram(pid)) return
  await writeFile(lockFile(directory), [NOBODY, ...rest].join('\n'), { flag: 'r+' })
}

export function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function lockLines (directory: string): Promise<string[]> {
  const content = await readFile(lockFile(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return content === '' ? [] : content.split('\n')
}

function lockFile (directory: string): string {
  return join(directory, 'postmaster.pid')
}

// When the program cannot be determined, the decision is left to PostgreSQL
async function isOtherProgram (pid: number): Promise<boolean> {
  const program = await programOf(pid).catch(() => undefined)
  return program !== undefined && basename(program) !== 'postgres'
}

// Empty for a zombie process
async function programOf (pid: number): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')[0]
  const { stdout } = await run('ps', ['-o', 'comm=', '-p', String(pid)])
  return stdout.trim()
}
