import { setTimeout as delay } from 'node:timers/promises'
import { readPassword } from './cluster.ts'
import { isAlive } from './postmaster.ts'
import { joinServer, leaveServer } from './server.ts'

// A separate program, started by a process that is ending: stops the server when it is no longer used
const POLL = 10
const PARENT_TIMEOUT = 5000
const TIMEOUT = 60_000
// A server that was just started may not have written its file yet
const START_GRACE = 2000

const [directory = '', pgCtl = '', pid] = process.argv.slice(2)
const parent = Number(pid)

// The connections of the parent exist until it has ended
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
