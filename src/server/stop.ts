import { ECHO_MS } from '../runtime/process-end.ts'

/** What asks a process to end; it goes on until its work is done. */
export const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const
/**
 * What kills a process that is broken. A listener of Node's runs long after them, and until then the process would fail again and again.
 */
export const CRASHES = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP'] as const
const PARENT_MS = 1000

export type StopHandlers = {
  stop: (reason: string) => void
  /** Somebody has lost patience. */
  now: () => void
}

/** Hears when the process shall end: by a signal, or when the npm that started it is gone. @returns no longer */
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

/** A script runner that is killed, or whose shell is, tells nobody; without it nobody could stop the server, whose port stays taken. */
function watchParent (onGone: () => void): NodeJS.Timeout {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    onGone()
  }, PARENT_MS)
  return watch.unref()
}
