/** The part of a pino logger that this package uses. */
export type Log = Record<'debug' | 'info' | 'warn' | 'error', (details: object, message: string) => void>
