// Runs test files one after another, so that modules are loaded and compiled once. Started by test-runs.js, which sends one file at a time.
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import tap, { Test } from 'tap'
import { outputOf } from './compile-tests.js'
import { CURRENT } from './test-tap.js'

// Files have tests of their own; this one would report that nothing ran in it
tap.setTimeout(0)

/** What keeps a process running: sockets, servers, timers, child processes. */
const openResources = () => process.getActiveResourcesInfo().sort()

/** The resources that were not open before. */
function added (before) {
  const rest = [...before]
  return openResources().filter((name) => {
    const at = rest.indexOf(name)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

/** Times in milliseconds: `timeout` is for its tests, `closing` to close what it has opened. */
async function runFile ({ file, timeout, closing }) {
  const before = { env: process.env, variables: { ...process.env }, cwd: process.cwd(), resources: openResources() }
  const print = (text) => process.send({ file, text })
  const test = new Test({
    name: file,
    timeout,
    cb: async (t) => {
      globalThis[CURRENT] = t
      await import(pathToFileURL(outputOf(file)).href)
    }
  })
  test.on('data', print)
  const ended = new Promise((resolve) => test.once('complete', resolve))
  test.runMain(() => {})
  await ended
  test.setTimeout(0)
  const open = await leftOpen(before.resources, closing)
  if (open.length > 0) print(`not ok - it left open: ${open.join(', ')}\n`)
  restore(before)
  const code = process.exitCode ?? 0
  process.exitCode = undefined
  const { total, pass, fail, skip, todo } = test.counts
  return { file, totals: { total, pass, fail, skip, todo }, passed: test.results.ok && code === 0 && open.length === 0 }
}

/** A file must close everything, as it must for its process to end if it has one of its own. */
async function leftOpen (before, closing) {
  const until = performance.now() + closing
  let open = added(before)
  while (open.length > 0 && performance.now() < until) {
    await delay(5, undefined, { ref: false })
    open = added(before)
  }
  return open
}

function restore ({ env, variables, cwd }) {
  process.chdir(cwd)
  process.env = env
  for (const name of Object.keys(env)) if (!(name in variables)) delete env[name]
  Object.assign(env, variables)
}

/** With what the tests have started, which is in the same group. */
const endGroup = () => process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL')

// The process that sends the files was killed
process.once('disconnect', endGroup)
process.on('message', async (task) => {
  if (task.file === undefined) process.off('disconnect', endGroup).disconnect()
  else process.send(await runFile(task))
})
