import type { Log } from '../runtime/log.ts'
import { reasonOf } from './failure.ts'
import { printable } from './terminal.ts'

export type CommandLog = Log & {
  /** Reports what a command did besides its result. */
  note: (message: string) => void
}

/** Notes, warnings and errors, one line each; messages of interest to a server only are dropped. */
export function createLog (write: (line: string) => void): CommandLog {
  const say = (level: string) => (details: object, message: string) => {
    const reason = 'err' in details ? `: ${reasonOf(details.err)}` : ''
    write(printable(`${level}: ${`${message}${reason}`.replace(/\s*\n\s*/g, ' ')}`))
  }
  return { debug: () => {}, info: () => {}, note: (message) => say('note')({}, message), warn: say('warning'), error: say('error') }
}
