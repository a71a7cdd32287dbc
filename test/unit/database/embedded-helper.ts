import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Test } from 'tap'
import { startEmbedded, type Embedded } from '../../../src/database/embedded.ts'

const HOLDER = fileURLToPath(new URL(`holder${extname(import.meta.url)}`, import.meta.url))

/** With whatever server a test left running in it, gone at the end. */
export async function temporaryDirectory (t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-test-'))
  // As root PostgreSQL runs as another user.
  await chmod(directory, 0o711)
  t.teardown(async () => {
    const pid = await postmasterOf(directory).catch(() => undefined)
    if (pid !== undefined) await kill(pid)
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  return directory
}

export async function start (t: Test, dataDir: string): Promise<Embedded> {
  const embedded = await startEmbedded({ dataDir })
  t.teardown(embedded.stop)
  return embedded
}

/** Another process that uses the database. */
export async function hold (t: Test, dataDir: string): Promise<{ holder: ChildProcess, url: string }> {
  const holder = fork(HOLDER, [dataDir], { detached: true })
  t.teardown(() => holder.kill('SIGKILL'))
  const [{ url }] = await once(holder, 'message')
  return { holder, url }
}

export async function postmasterOf (dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'))
}

async function kill (pid: number): Promise<void> {
  try {
    for (process.kill(pid, 'SIGQUIT'); ; process.kill(pid, 0)) await delay(20)
  } catch {}
}

export async function query (url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
