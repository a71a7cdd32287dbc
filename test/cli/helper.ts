import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { createContext, type Context } from '../../src/cli/context.ts'
import { createLog } from '../../src/cli/log.ts'
import { packageRoot } from '../../src/database/package-root.ts'
import type { Variables } from '../../src/config/environment.ts'
import { APP_KEY, createDatabase } from '../support/start-server.ts'

const BIN = join(packageRoot, 'dist/src/cli/main.js')

export type TestContext = Context & { said: string[] }

/** A command's context on a database of its own, in an empty folder; what it would write to stderr is in `said`. */
export async function contextFor (t: Test, variables: Variables = {}, cwd = t.testdir({})): Promise<TestContext> {
  const databaseUrl = 'DATABASE_URL' in variables || 'LATCHKEY_DATA_DIR' in variables ? undefined : await createDatabase(t)
  const said: string[] = []
  const context = await createContext({
    cwd,
    variables: { APP_KEY, ...(databaseUrl && { DATABASE_URL: databaseUrl }), ...variables },
    log: createLog((line) => said.push(line))
  })
  return { ...context, said }
}

export type Finished = { code: number | null, stdout: string, stderr: string }

/** The built command, with no variables but these. */
export function start (args: string[], { cwd, env = {} }: { cwd: string, env?: Variables }): ChildProcess {
  return spawn(process.execPath, [BIN, ...args], { cwd, env: { PATH: process.env['PATH'], ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
}

export async function run (
  args: string[],
  { input = '', ...options }: { cwd: string, env?: Variables, input?: string }
): Promise<Finished> {
  const child = start(args, options)
  child.stdin!.end(input)
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout!), text(child.stderr!)])
  return { code, stdout, stderr }
}
