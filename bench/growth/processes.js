import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const pinned = availableParallelism() > 1
const children = new Set()

/** CPU affinity: the server on one core, PostgreSQL and the load on the other. */
export const pinTo = {
  server: pinned ? ['taskset', '-c', '0'] : [],
  others (postmaster) {
    if (!pinned) return
    const started = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(/\s+/)
    for (const pid of [process.pid, postmaster, ...started]) execFileSync('taskset', ['-acp', '1', String(pid)], { stdio: 'ignore' })
  }
}

/** Starts a script in bench/ and waits for its first line: `ready <port> <clients>`, or any other. */
export async function startNode (script, env, prefix = [], flags = []) {
  const [command, ...args] = [...prefix, process.execPath, ...flags, fileURLToPath(new URL(`../${script}`, import.meta.url))]
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => [''])])
  if (String(line) === '') throw new Error(`${script} did not start`)
  const [, port, clients] = /ready (\d+) ?(.*)/.exec(String(line)) ?? []
  return { child, line: String(line), port: Number(port), pid: child.pid, clients: clients && JSON.parse(clients) }
}

export async function stopAll (some = [...children].map((child) => ({ child }))) {
  for (const { child } of some) {
    children.delete(child)
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
}
