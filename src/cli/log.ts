import type { Log } from '../core.ts'
import { reasonOf } from './failure.ts'
import { printable } from './terminal.ts'

/** Warnings and errors, a line each; what is only of interest to a server is dropped. */
export function createLog (write: (line: string) => void): Log {
  const say = (level: string) => (details: object, message: string) => {
    const reason = 'err' in details ? `: ${reasonOf(details.err)}` : ''
    write(printable(`${level}: ${`${message}${reason}`.replace(/\s*\n\s*/g, ' ')}`))
  }
  return { debug: () => {}, info: () => {}, warn: say('warning'), error: say('error') }
}
