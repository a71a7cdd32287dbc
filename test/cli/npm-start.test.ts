import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { embeddedUrl } from '../../src/database/embedded.ts'
import { isAlive } from '../../src/database/embedded/postmaster.ts'
import { packageRoot } from '../../src/database/package-root.ts'
import { folder } from './server.ts'

/** `npm start` of this project, when its server listens. */
async function npmStart (t: Test) {
  const dataDir = join(folder(t), '.latchkey')
  const npm = spawn('npm', ['start', '--silent'], {
    cwd: packageRoot,
    env: { PATH: process.env['PATH'], PORT: '0', LATCHKEY_DATA_DIR: dataDir, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own: a signal of the test is for npm alone
    detached: true
  })
  const exited = once(npm, 'exit')
  const lines = createInterface({ input: npm.stdout })
  for await (const line of lines) {
    const { msg, pid } = JSON.parse(line) as { msg: string, pid: number }
    if (!msg.startsWith('Server listening')) continue
    npm.stdout.resume()
    t.teardown(() => { if (isAlive(pid)) process.kill(pid, 'SIGKILL') })
    return { npm, pid, dataDir, exited }
  }
  throw new Error('npm start did not listen')
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} to npm start drains, and npm exits after the server and its PostgreSQL`, async (t) => {
    const { npm, pid, dataDir, exited } = await npmStart(t)
    npm.kill(signal)
    t.same(await exited, [0, null])
    t.notOk(isAlive(pid))
    t.equal(await embeddedUrl(dataDir), null)
  })
}

for (const signal of ['SIGHUP', 'SIGKILL'] as const) {
  t.test(`${signal}, which npm does not pass on, ends the server and its PostgreSQL, too`, async (t) => {
    const { npm, pid, dataDir } = await npmStart(t)
    npm.kill(signal)
    while (isAlive(pid)) await delay(50)
    t.equal(await embeddedUrl(dataDir), null)
  })
}
