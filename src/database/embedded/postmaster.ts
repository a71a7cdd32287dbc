import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

// Above the highest process id of any system, so that PostgreSQL finds nobody behind it.
const NOBODY = 2147483647

/** What PostgreSQL writes about itself into postmaster.pid. */
export interface Postmaster {
  pid: number
  port: number
  ready: boolean
}

/** The server that runs on a data directory, be it starting, ready or stopping. */
export async function findPostmaster (directory: string): Promise<Postmaster | undefined> {
  const lines = await lockLines(directory)
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  if (await isOtherProgram(pid)) return undefined
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

/**
 * After a crash the file can name a process that is something else by now (usual in containers, whose ids are low), or
 * a dead one that nobody has reaped; PostgreSQL then refuses to start. The rest of the file stays: by it PostgreSQL
 * finds out whether children of the dead server still run.
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

// Certain or nothing: where the program cannot be told, PostgreSQL decides.
async function isOtherProgram (pid: number): Promise<boolean> {
  const program = await programOf(pid).catch(() => undefined)
  return program !== undefined && basename(program) !== 'postgres'
}

// Empty for a process that is dead and not reaped.
async function programOf (pid: number): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')[0]
  const { stdout } = await run('ps', ['-o', 'comm=', '-p', String(pid)])
  return stdout.trim()
}
