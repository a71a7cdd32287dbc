import { setTimeout as delay } from 'node:timers/promises'
import { readPassword } from './cluster.ts'
import { isAlive } from './postmaster.ts'
import { joinServer, leaveServer } from './server.ts'

// A program of its own, started by a process that ends and can wait for nothing: stops the server when nobody uses it any more
const POLL = 10
const PARENT_TIMEOUT = 5000
const TIMEOUT = 60_000
// One that was told to start a moment ago has written nothing yet
const START_GRACE = 2000

const [directory = '', pgCtl = '', pid] = process.argv.slice(2)
const parent = Number(pid)

// Its connections count until it is gone
for (const end = performance.now() + PARENT_TIMEOUT; process.ppid === parent && isAlive(parent) && performance.now() < end;) {
  await delay(POLL)
}

const password = await readPassword(directory)
for (const began = performance.now(); performance.now() - began < TIMEOUT; await delay(POLL)) {
  const running = await joinServer({ directory, password })
  if (running === 'busy') continue
  if (running !== undefined) await leaveServer({ directory, pgCtl }, running)
  if (running !== undefined || performance.now() - began > START_GRACE) break
}
