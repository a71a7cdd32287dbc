import { ConfigError } from '../config/config-error.ts'
import { printable } from './terminal.ts'

/** The lines of a failure on stderr: one, or one for each mistake in the configuration. */
export function failureLines (error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems.map(({ name, message }) => `error: ${oneLine(`${name} ${message}`)}`)
  return [`error: ${oneLine(reasonOf(error))}`]
}

export function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Prisma's messages begin with an excerpt of our source
  if (error.name.startsWith('PrismaClient')) return error.message.trim().split('\n').at(-1)!
  // A host name with several addresses fails once for each, in an error with an empty message
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0])
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
}

function oneLine (text: string): string {
  return printable(text.split('\n').map((line) => line.trim()).filter(Boolean).join(' '))
}
