import { isLoopback } from '../http/origin.ts'

/** Where a client sends the user afterwards: a site, a program on this computer, or an app by its URL scheme. */
export type RedirectTarget = { kind: 'site' | 'local' | 'app', name: string }

export function redirectTarget (redirectUri: string): RedirectTarget {
  if (!URL.canParse(redirectUri)) return { kind: 'app', name: redirectUri }
  const { protocol, host, hostname } = new URL(redirectUri)
  if (protocol !== 'http:' && protocol !== 'https:') return { kind: 'app', name: protocol.slice(0, -1) }
  return { kind: isLoopback(hostname) ? 'local' : 'site', name: host }
}
