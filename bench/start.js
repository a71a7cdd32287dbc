// npm run bench:start: measures the time from start to the first token, with a new and with an existing database, and the memory of an idle
// server.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbedded } from '../dist/src/database/embedded.js'

const IDLE_MS = 10_000
const PASSWORD = 'correct horse battery staple'
const main = join(import.meta.dirname, '../dist/src/cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'latchkey-start-'))
// When run as root, the embedded PostgreSQL runs as another user, who needs access
chmodSync(folder, 0o755)

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

const json = (body) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** Milliseconds until the first token, and megabytes of the idle process. */
async function start (dataDir, more = {}) {
  const port = await freePort()
  const began = performance.now()
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: String(port), LATCHKEY_DATA_DIR: dataDir, LOG_LEVEL: 'error', NODE_ENV: 'production', ...more },
    stdio: ['ignore', 'inherit', 'inherit']
  })
  const url = (path) => `http://127.0.0.1:${port}${path}`
  const credentials = json({ email: 'ada@example.com', password: PASSWORD })
  while (!await fetch(url('/health')).then(({ ok }) => ok, () => false)) {
    if (child.exitCode !== null) throw new Error('the server did not start')
    await sleep(5)
  }
  const logIn = async () => (await (await fetch(url('/v1/clients/web/login'), credentials)).json()).access_token
  let token = await logIn()
  if (!token) {
    await fetch(url('/v1/register'), credentials)
    token = await logIn()
  }
  if (!token) throw new Error('no token')
  const took = performance.now() - began
  await sleep(IDLE_MS)
  const megabytes = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024 / 1e6
  child.kill('SIGTERM')
  await once(child, 'exit')
  return { took, megabytes }
}

try {
  console.log(`Node ${process.version}, ${cpus()[0].model}`)
  const first = await start(join(folder, 'empty'))
  console.log(`first start on an empty disk, to the first token: ${first.took.toFixed(0)} ms; idle ${first.megabytes.toFixed(0)} MB`)
  const database = await startEmbedded({ dataDir: join(folder, 'there') })
  const env = { DATABASE_URL: database.url, APP_KEY: Buffer.alloc(32, 7).toString('base64') }
  await start(join(folder, 'there'), env)
  const again = await start(join(folder, 'there'), env)
  console.log(`start with a database that is there, to the first token: ${again.took.toFixed(0)} ms; idle ${again.megabytes.toFixed(0)} MB`)
  await database.stop()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
