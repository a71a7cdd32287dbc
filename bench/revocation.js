// npm run bench:revocation [-- --logouts 500 --lanes 16]: runs two servers on one database under load. A user logs out at one, and the time
// until the other refuses the token is measured. Fails when the p99 is 50 ms or more.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setImmediate as turn } from 'node:timers/promises'
import { startEmbedded } from '../dist/src/database/embedded.js'
import { startNode, stopAll } from './growth/processes.js'
import { load, percentile } from './load.js'
import { ourScenarios } from './scenarios.js'

const MOST_MS = 50
const { values } = parseArgs({ options: { logouts: { type: 'string', default: '500' }, lanes: { type: 'string', default: '16' } } })
const [logouts, lanes] = [Number(values.logouts), Number(values.lanes)]
const folder = mkdtempSync(join(tmpdir(), 'latchkey-revocation-'))
const database = await startEmbedded({ dataDir: folder })
const env = {
  DATABASE_URL: database.url,
  APP_KEY: Buffer.alloc(32, 7).toString('base64'),
  NODE_ENV: 'production',
  // Cheap password hashes, because logins are not measured
  BENCH_OPTIONS: JSON.stringify({ passwords: { memoryCost: 8, timeCost: 1 } })
}

async function startServer (more = {}) {
  const server = await startNode('server.js', { ...env, ...more })
  const base = `http://127.0.0.1:${server.port}`
  const json = Object.assign(async (path, init) => {
    const response = await fetch(base + path, init)
    if (!response.ok) throw new Error(await response.text())
    return await response.json()
  }, { base })
  return { ...server, base, json }
}

/** @returns milliseconds from the answer to the logout at one server to the first refusal by the other */
async function logoutOnce (here, there, { path, ...login }) {
  const { access_token: token } = await here.json(path, login)
  const headers = { authorization: `Bearer ${token}` }
  const guarded = async () => (await fetch(`${there.base}/guarded`, { headers })).status
  if (await guarded() !== 200) throw new Error('refused before the logout')
  const { status } = await fetch(`${here.base}/v1/api/logout`, { method: 'POST', headers })
  if (status !== 202) throw new Error(`logout: ${status}`)
  const began = performance.now()
  while (await guarded() !== 401) await turn()
  return performance.now() - began
}

try {
  const first = await startServer()
  const second = await startServer({ BENCH_CLIENTS: JSON.stringify(first.clients) })
  const sides = await Promise.all(
    [first, second].map(async (server) => ({ server, scenarios: await ourScenarios(server.json, first.clients) }))
  )
  const seconds = 3600
  const stop = new AbortController()
  const loads = sides.map(({ server, scenarios: { refresh } }) =>
    load({
      port: server.port, pid: server.pid, seconds, ...refresh, connections: lanes, next: (lane) =>
        stop.signal.aborted ? null : refresh.next(lane)
    })
  )
  const times = []
  for (let count = 0; count < logouts; count++) {
    times.push(await logoutOnce(...(count % 2 === 0 ? [first, second] : [second, first]), sides[0].scenarios.password.next()))
  }
  stop.abort()
  const rates = await Promise.all(loads)
  times.sort((a, b) => a - b)
  const p99 = percentile(times, 0.99)
  console.log(
    `Node ${process.version}, ${cpus()[0].model}; two servers, each refreshing ${rates.map(({ perSecond }) => perSecond.toFixed(0)).join(' and ')} times a second`
  )
  console.log(
    `${logouts} logouts, refused by the other process after p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, at most ${times.at(-1).toFixed(1)} ms`
  )
  process.exitCode = p99 < MOST_MS ? 0 : 1
} finally {
  await stopAll()
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
}
