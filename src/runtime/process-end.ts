import { constants } from 'node:os'

/** What may still be open when the process is told to end. */
export type Holder = {
  /** Closes in order, within a time limit. Without it, only `leave` is called. */
  close?: () => Promise<unknown>
  /** Called when there is no time left: it must be synchronous. */
  leave?: () => void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/**
 * Ctrl-C arrives from the terminal and from npm, a stop from systemd and from npm, and that of a worker also from its primary: a signal
 * within this time of the first is a duplicate.
 */
export const ECHO_MS = 1000
// For all holders together; `docker stop` kills after 10 seconds
const CLOSE_MS = 9000
// How long the re-sent signal may take to end the process, before it exits by itself
const KILL_MS = 200

const holders = new Set<Holder>()
let endingSince: number | undefined
/** When each signal first arrived that other listeners handle. */
const leftToOthers = new Map<NodeJS.Signals, number>()

type ProcessEnd = { holdUntilEnd: (holder: Holder) => () => void, isEnding: () => boolean }

/**
 * Shared by all copies of this package, in two versions or in tests: each copy would otherwise take the others for listeners that handle
 * the signal, and no signal would end the process.
 */
const COPIES = Symbol.for('latchkey.process-end.1')
const copies = globalThis as { [key: symbol]: ProcessEnd | undefined }
const first = (copies[COPIES] ??= { holdUntilEnd: hold, isEnding: () => endingSince !== undefined })

/**
 * Registers something to be closed when a signal ends the process, and to be left in a clean state when something else does. Where the
 * host, or any other listener, handles a signal, it decides what happens.
 * @returns a function to call once it is closed
 */
export const { holdUntilEnd } = first

/** Whether a signal is ending this process, so that pending work may stay pending. */
export const { isEnding } = first

function hold (holder: Holder): () => void {
  if (holders.size === 0) listen()
  holders.add(holder)
  return () => {
    if (holders.delete(holder) && holders.size === 0 && endingSince === undefined) unlisten()
  }
}

function listen (): void {
  // Prepended, since a once-listener is no longer registered when it runs
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

/** Listeners of signal-exit, which any package may install, leave a signal to the other listeners. */
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

/** Ends the process as if nobody had listened, so that the parent process sees the signal. */
function end (signal: NodeJS.Signals): void {
  leaveAll()
  unlisten()
  kill(signal)
  // Process 1 of a container is not killed by its own signals, and Windows supports few of them
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
