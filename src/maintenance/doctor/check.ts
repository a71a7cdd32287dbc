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

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '::1'])

/** Reachable from this machine only. */
export function isLoopback (host: string): boolean {
  return LOOPBACK.has(host) || host.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(host)
}

const MOST = 5

/** The first few names, and the number of further ones. */
export function listed (names: string[]): string {
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : ''
  return names.slice(0, MOST).join(', ') + more
}
