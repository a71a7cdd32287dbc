import { ConfigError } from '../config/config-error.ts'
import { printable } from './terminal.ts'

/** What a failure says on stderr: one line, or one for each mistake in the configuration. */
export function failureLines (error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems.map(({ name, message }) => `error: ${oneLine(`${name} ${message}`)}`)
  return [`error: ${oneLine(reasonOf(error))}`]
}

export function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Its first lines are an excerpt of our source
  if (error.name.startsWith('PrismaClient')) return error.message.trim().split('\n').at(-1)!
  // A name with several addresses fails once for each, under a message that is empty
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0])
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
}

function oneLine (text: string): string {
  return printable(text.split('\n').map((line) => line.trim()).filter(Boolean).join(' '))
}
