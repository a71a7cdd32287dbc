import { ECHO_MS } from '../runtime/process-end.ts'

/** Signals that ask a process to end, after it has finished its work. */
export const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const
/** Signals of a broken process. A listener in JavaScript would run long after them, while the process fails again and again. */
export const CRASHES = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP'] as const
const PARENT_MS = 1000

export type StopHandlers = {
  stop: (reason: string) => void
  /** The user asks again, for an immediate stop. */
  now: () => void
}

/**
 * Calls a handler when the process is to end: by a signal, or because the npm that started it has exited.
 * @returns a function that removes the listeners
 */
export function onStop ({ stop, now }: StopHandlers): () => void {
  let since: number | undefined

  function told (reason: string): void {
    if (since === undefined) {
      since = performance.now()
      stop(reason)
    } else if (performance.now() - since > ECHO_MS) now()
  }

  const watch = process.env['npm_lifecycle_event'] ? watchParent(() => told('the npm that started this process is gone')) : undefined
  for (const signal of SIGNALS) process.on(signal, told)
  return () => {
    clearInterval(watch)
    for (const signal of SIGNALS) process.removeListener(signal, told)
  }
}

/** A script runner that is killed, or whose shell is, sends no signal; the server would keep running, with its port taken. */
function watchParent (onGone: () => void): NodeJS.Timeout {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    onGone()
  }, PARENT_MS)
  return watch.unref()
}
