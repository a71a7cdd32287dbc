#!/usr/bin/env node
import { createProgram } from './program.ts'
import { failureLines } from './failure.ts'
import { printable } from './terminal.ts'
import type { Context } from './context.ts'

let context: Promise<Context> | undefined

// A reader such as `head` may close the pipe early
process.stdout.on('error', (error: NodeJS.ErrnoException) => { process.exit(error.code === 'EPIPE' ? 0 : 1) })

try {
  await createProgram({
    context: () => (context ??= loadContext()),
    write: (text) => { process.stdout.write(text) }
  }).parseAsync()
} catch (error) {
  const debug = process.env['LATCHKEY_DEBUG'] === '1'
  const text = debug ? (await import('node:util')).inspect(error).split('\n').map(printable).join('\n') : failureLines(error).join('\n')
  process.stderr.write(`${text}\n`, () => process.exit(1))
}

async function loadContext (): Promise<Context> {
  const [{ createContext }, { createLog }, { readVariables }] = await Promise.all([
    import('./context.ts'),
    import('./log.ts'),
    import('../config/environment.ts')
  ])
  return await createContext({
    cwd: process.cwd(),
    variables: readVariables('.env'),
    log: createLog((line) => { process.stderr.write(`${line}\n`) })
  })
}
