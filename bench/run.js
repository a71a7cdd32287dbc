// npm run bench [-- --seconds 5 --rounds 3 --only refresh]: runs each server in turn on one core, with load and PostgreSQL on the other.
// Rounds of the servers alternate.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withSchema } from '../dist/src/database/choose-schema.js'
import { startEmbedded } from '../dist/src/database/embedded.js'
import { load } from './load.js'
import { limitScenarios, ourScenarios } from './scenarios.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '3' }, only: { type: 'string' } }
})
const seconds = Number(values.seconds)
const pinned = availableParallelism() > 1
if (pinned) execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const database = await startEmbedded({ dataDir: folder })
const env = {
  ...process.env, DATABASE_URL: withSchema(database.url, 'public'), APP_KEY: Buffer.alloc(32, 7).toString('base64'),
  NODE_ENV: 'production'
}
const children = []

async function start (script) {
  const command = pinned ? ['taskset', '-c', '0', process.execPath, script] : [process.execPath, script]
  const child = spawn(command[0], command.slice(1), { env, stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname })
  children.push(child)
  const [line] = await once(child.stdout, 'data')
  const [, port, clients] = /ready (\d+) ?(.*)/.exec(String(line)) ?? []
  if (!port) throw new Error(`${script} did not start: ${line}`)
  return { port: Number(port), pid: child.pid, clients: clients && JSON.parse(clients) }
}

function jsonOf (port) {
  const base = `http://127.0.0.1:${port}`
  return Object.assign(async (path, init) => {
    const response = await fetch(base + path, init)
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    return await response.json()
  }, { base })
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const summary = (rounds) =>
  Object.fromEntries(['perSecond', 'p50', 'p99', 'cpu'].map((name) => [name, median(rounds.map((round) => round[name]))]))

try {
  const ours = await start('server.js')
  const limit = await start('limit-server.js')
  const theirs = {
    ours: await ourScenarios(jsonOf(ours.port), ours.clients, database.url),
    limit: await limitScenarios(jsonOf(limit.port))
  }
  const names = Object.keys(theirs.limit).filter((name) => !values.only || name === values.only)
  console.log(`Node ${process.version}, ${cpus()[0].model}, ${seconds} s × ${values.rounds} rounds, medians\n`)
  console.log('| | server | requests/s | p50 ms | p99 ms | server CPU µs | ratio to the limit |\n|---|---|---|---|---|---|---|')
  for (const name of names) {
    const rounds = { ours: [], limit: [] }
    for (const side of ['limit', 'ours']) await load({ ...(side === 'ours' ? ours : limit), seconds: 1, ...theirs[side][name] })
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const side of ['limit', 'ours']) {
        rounds[side].push(await load({ ...(side === 'ours' ? ours : limit), seconds, ...theirs[side][name] }))
      }
    }
    const base = summary(rounds.limit).cpu
    for (const side of ['limit', 'ours']) {
      const { perSecond, p50, p99, cpu } = summary(rounds[side])
      console.log(
        `| ${name} | ${side} | ${perSecond.toFixed(0)} | ${p50.toFixed(2)} | ${p99.toFixed(2)} | ${cpu.toFixed(0)} | ${(cpu / base).toFixed(2)} |`
      )
    }
  }
} finally {
  for (const child of children) {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
  }
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
}
