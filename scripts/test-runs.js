// Runs a test file in a process of its own, or in one that runs many.
import { fork, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { outputOf } from './compile-tests.js'
import { totalsIn } from './tap-output.js'

const MARK = /^\/\/ Runs in a process of its own: /m
/** Time for a file to close what it has opened, in milliseconds. */
const CLOSING = 30_000
/** Time for a process to end after its last file, in milliseconds. */
const ENDING = 30_000
const ENDING_AFTER_FAILURE = 1000

const root = fileURLToPath(new URL('..', import.meta.url))

/** Whether a file shares no process with others, which a comment in it says. */
export const runsAlone = (file) => MARK.test(readFileSync(join(root, file), 'utf8'))

/** The processes that run tests now. Each leads a group, to which belongs what its tests start. */
const running = new Set()

/** Ends all that run tests, and what these have started, at once. */
export function killTests () {
  for (const child of running) killGroup(child)
}

function killGroup ({ pid }) {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {}
}

function noted (child) {
  running.add(child)
  return child.once('close', () => running.delete(child))
}

/** Collects what a child prints. */
function printed (child, onText = () => {}) {
  const all = { text: '' }
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      all.text += text
      onText(stream, text)
    })
  }
  return all
}

/** tap ends a slow test by itself; this ends a process that does not react. The timeout is in seconds, and 0 is none. */
const killLate = (child, timeout) => timeout === 0 ? undefined : setTimeout(() => killGroup(child), (timeout + 30) * 1000)

/** Runs one file; resolves when its process has ended. */
export function runAlone (file, { timeout, inspect = false, echo = false }) {
  return new Promise((resolve) => {
    const started = performance.now()
    const child = noted(spawn(process.execPath, ['--enable-source-maps', ...(inspect ? ['--inspect-brk'] : []), outputOf(file)], {
      cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TAP_TIMEOUT: String(timeout) }
    }))
    const output = printed(child, (stream, text) => { if (echo) process[stream].write(text) })
    const late = killLate(child, timeout)
    child.on('close', (code, signal) => {
      clearTimeout(late)
      resolve({ file, output: output.text, code, signal, totals: totalsIn(output.text), seconds: (performance.now() - started) / 1000 })
    })
  })
}

/** A process that runs one file after another. After a failure the next file gets a new one. */
export function createSharedProcess ({ timeout, closing = CLOSING }) {
  let current
  const problems = []

  function start () {
    const child = noted(fork(join(root, 'scripts/test-process.js'), [], {
      cwd: root, detached: true, execArgv: ['--enable-source-maps'], stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    }))
    // A file that cannot be sent fails by the end of the process
    child.on('error', () => {})
    const shared = { child, output: printed(child), files: [], hasEnded: false, ended: undefined }
    shared.ended = new Promise((resolve) => child.once('close', (code, signal) => {
      shared.hasEnded = true
      resolve({ code, signal })
    }))
    return shared
  }

  async function run (file) {
    // By something that an earlier file has left behind
    if (current?.hasEnded) await close()
    current ??= start()
    const { child, ended, output, files } = current
    const started = performance.now()
    files.push(file)
    output.text = ''
    const late = killLate(child, timeout)
    let tap = ''
    const answer = new Promise((resolve) => {
      child.on('message', function take (message) {
        // tap sends messages too
        if (message.file !== file) return
        tap += message.text ?? ''
        if (message.totals === undefined) return
        child.off('message', take)
        resolve({ code: message.passed ? 0 : 1, signal: null, totals: message.totals })
      })
    })
    child.send({ file, timeout: timeout * 1000, closing })
    const result = await Promise.race([answer, ended.then((how) => ({ ...how, totals: totalsIn('') }))])
    clearTimeout(late)
    if (result.code !== 0 || current.hasEnded) {
      await end(current, ENDING_AFTER_FAILURE)
      current = undefined
    }
    return { ...result, file, output: tap + output.text, seconds: (performance.now() - started) / 1000 }
  }

  /** @returns what was wrong with the end of processes */
  async function close () {
    if (current === undefined) return problems
    const { files, output } = current
    const { code, signal } = await end(current, ENDING)
    current = undefined
    if (code !== 0) problems.push(`The process of these files ended with ${signal ?? `code ${code}`}: ${files.join(', ')}\n${output.text}`)
    return problems
  }

  return { run, close }
}

/** Lets a process end by itself, or kills it when it does not. */
async function end ({ child, ended }, patience) {
  if (child.connected) child.send({})
  const late = setTimeout(() => killGroup(child), patience)
  const result = await ended
  clearTimeout(late)
  return result
}
