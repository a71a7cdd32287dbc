/** One line of `latchkey doctor`. */
export type Check = {
  name: string
  status: 'ok' | 'warn' | 'fail'
  message: string
  /** How to fix it. */
  fix?: string
}

export const ok = (name: string, message: string): Check => ({ name, status: 'ok', message })
export const warn = (name: string, message: string, fix: string): Check => ({ name, status: 'warn', message, fix })
export const fail = (name: string, message: string, fix: string): Check => ({ name, status: 'fail', message, fix })

const MOST = 5

/** The first few names, and the number of further ones. */
export function listed (names: string[]): string {
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : ''
  return names.slice(0, MOST).join(', ') + more
}
