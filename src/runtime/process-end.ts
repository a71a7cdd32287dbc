import { constants } from 'node:os'

/** What may still be open when the process is told to end. */
export type Holder = {
  /** In order, and within a time of its own. Where it is missing, `leave` is all there is. */
  close?: () => Promise<unknown>
  /** When there is no time left: it must not wait for anything. */
  leave?: () => void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/**
 * A Ctrl-C comes from the terminal and from npm, a stop from systemd and from npm, that of a worker also from its primary: what comes so
 * soon after the first is no second one.
 */
export const ECHO_MS = 1000
// Of all holders together; `docker stop` kills after 10 seconds
const CLOSE_MS = 9000
// How long the signal may take to kill, before the process exits by itself
const KILL_MS = 200

const holders = new Set<Holder>()
let endingSince: number | undefined
/** When each signal first came that others decide about. */
const leftToOthers = new Map<NodeJS.Signals, number>()

type ProcessEnd = { holdUntilEnd: (holder: Holder) => () => void, isEnding: () => boolean }

/**
 * Copies of this package, in two versions or in the tests of one, would each take the other for a listener that decides, and no signal
 * would end the process.
 */
const COPIES = Symbol.for('latchkey.process-end.1')
const copies = globalThis as { [key: symbol]: ProcessEnd | undefined }
const first = (copies[COPIES] ??= { holdUntilEnd: hold, isEnding: () => endingSince !== undefined })

/**
 * What is held is let go when a signal ends the process, and left behind in good order when something else does. Where the host, or
 * anything but us, listens to a signal, that one decides what comes of it.
 * @returns to be called when what it holds is closed
 */
export const { holdUntilEnd } = first

/** Whether a signal is ending this process, and all that waits may go on waiting. */
export const { isEnding } = first

function hold (holder: Holder): () => void {
  if (holders.size === 0) listen()
  holders.add(holder)
  return () => {
    if (holders.delete(holder) && holders.size === 0 && endingSince === undefined) unlisten()
  }
}

function listen (): void {
  // Before a listener that is for once only, and is none any more when it runs
  for (const signal of SIGNALS) process.prependListener(signal, onSignal)
  process.on('exit', leaveAll)
}

function unlisten (): void {
  for (const signal of SIGNALS) process.removeListener(signal, onSignal)
  process.removeListener('exit', leaveAll)
  leftToOthers.clear()
}

function onSignal (signal: NodeJS.Signals): void {
  const now = performance.now()
  const before = endingSince ?? leftToOthers.get(signal)
  if (hasOthers(signal)) leftToOthers.set(signal, before ?? now)
  else if (before === undefined) closeAll(signal, now)
  else if (now - before > ECHO_MS) end(signal)
}

/** Those of signal-exit, which any package may bring along, leave a signal to whoever else listens. */
function hasOthers (signal: NodeJS.Signals): boolean {
  const version4 = (globalThis as { [key: symbol]: { count?: number } | undefined })[Symbol.for('signal-exit emitter')]
  const version3 = (process as { __signal_exit_emitter__?: { count?: number } }).__signal_exit_emitter__
  return process.listenerCount(signal) > 1 + (version4?.count ?? 0) + (version3?.count ?? 0)
}

function closeAll (signal: NodeJS.Signals, now: number): void {
  endingSince = now
  const timer = setTimeout(() => end(signal), CLOSE_MS)
  const closing = [...holders].map(async ({ close }) => await close?.())
  Promise.allSettled(closing).then(() => {
    clearTimeout(timer)
    end(signal)
  })
}

/** As if nobody had listened, so that whoever waits for the process hears of the signal. */
function end (signal: NodeJS.Signals): void {
  leaveAll()
  unlisten()
  kill(signal)
  // Process 1 of a container is not killed by its own signals, and Windows knows few of them
  setTimeout(() => process.exit(128 + constants.signals[signal]), KILL_MS)
}

function kill (signal: NodeJS.Signals): void {
  try {
    process.kill(process.pid, signal)
  } catch {}
}

function leaveAll (): void {
  for (const { leave } of holders) leave?.()
  holders.clear()
}
