// npm run chaos [-- --short] [-- --only 'kill -9 PostgreSQL'] [-- --log FILE]: injects the faults of production under steady load, then
// checks a ledger outside the processes: everything that was answered must be true.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { faults } from './faults.js'
import { check, createLedger, STALENESS_MS } from './ledger.js'
import { createSystem } from './system.js'
import { createUser } from './users.js'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false }, only: { type: 'string' }, users: { type: 'string', default: '24' },
    log: { type: 'string', default: '/dev/null' }
  }
})
const still = values.short ? 5 : 20
const calm = values.short ? 3 : 10
const folder = mkdtempSync(join(tmpdir(), 'latchkey-chaos-'))
const ledger = createLedger()
const stop = new AbortController()

const system = await createSystem(folder, [4401, 4402], values.log)
try {
  for (const server of system.servers) await system.startServer(server)
  const bases = system.servers.map(({ base }) => base)
  const running = Array.from({ length: Number(values.users) }, (_, index) => createUser(index, bases, ledger, stop.signal)())
  await sleep(calm * 1000)
  for (const [name, fault] of Object.entries(faults)) {
    if (values.only && name !== values.only) continue
    console.log(name)
    await fault(system, { still, folder, ledger })
    const began = performance.now()
    for (const server of system.servers) await system.ready(server)
    console.log(`  both servers ready ${((performance.now() - began) / 1000).toFixed(1)} s after the fault`)
    await sleep(calm * 1000)
  }
  stop.abort()
  await Promise.all(running)
  // By then every server has received all revocations
  await sleep(STALENESS_MS)
  const checked = await check(ledger, bases[0])
  console.log(`\n${[...ledger.counts].sort().map(([name, count]) => `${name}: ${count}`).join('\n')}`)
  console.log(`\n${checked} answers checked, ${ledger.failures.length} broken`)
  process.exitCode = ledger.failures.length > 0 ? 1 : 0
} finally {
  stop.abort()
  await system.close()
  rmSync(folder, { recursive: true, force: true })
  rmSync(`${folder}-backup`, { recursive: true, force: true })
}
