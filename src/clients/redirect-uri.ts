import { isLoopback } from '../http/origin.ts'
import type { Client } from '../oauth/ports.ts'

// RFC 8252 section 7.3: any port for the loopback addresses, but not for `localhost`
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\])(:[1-9]\d{0,4})?(?=[/?]|$)/
/**
 * DNS names, and addresses in brackets. RFC 3986 allows more, such as `,` `;` and `*`, which have a meaning in the headers and lists in
 * which hosts are written.
 */
const HOST = /^(?:[a-z\d._-]+|\[[\da-f:.]+\])$/

export type RedirectUriProblem = 'too_long' | 'not_absolute' | 'fragment' | 'credentials' | 'host' | 'insecure' | 'two_slashes' | 'scheme'

/** Limited because parsing a host takes time quadratic in its length. */
export const MAX_REDIRECT_URI = 2000

/**
 * Whether the redirect_uri of a request is registered, by exact string comparison (RFC 9700 section 4.1.3). Only the port of a loopback
 * address may differ, for native programs that use any free port; those have no secret. A local website has a secret, and a fixed port.
 */
export function matchesRedirectUri (
  { redirectUris: registered, authMethod }: Pick<Client, 'redirectUris' | 'authMethod'>,
  requested: string
): boolean {
  if (registered.includes(requested)) return true
  return authMethod === 'none' && LOOPBACK.test(requested) && URL.canParse(requested) && !requested.includes('#') &&
    registered.some((uri) => LOOPBACK.test(uri) && withoutPort(uri) === withoutPort(requested))
}

/**
 * RFC 6749 section 3.1.2, RFC 9700 section 2.6 and RFC 8252 section 7.1.
 * @returns the problem, or null
 */
export function redirectUriProblem (uri: string): RedirectUriProblem | null {
  if (uri.length > MAX_REDIRECT_URI) return 'too_long'
  // RFC 3986 allows ASCII only: other characters are percent-encoded, or punycode. Browsers read a backslash as a slash, and other parsers
  // as part of a user name
  if (/[^\x21-\x7e]|\\/.test(uri) || !URL.canParse(uri)) return 'not_absolute'
  if (/^https?:(?!\/\/)/i.test(uri)) return 'not_absolute'
  if (uri.includes('#')) return 'fragment'
  const { protocol, hostname, username, password } = new URL(uri)
  if (username || password) return 'credentials'
  if (/^https?:$/.test(protocol) && !HOST.test(hostname)) return 'host'
  if (protocol === 'https:') return null
  if (protocol === 'http:') {
    return ['127.0.0.1', '[::1]', 'localhost'].includes(hostname) ? null : 'insecure'
  }
  // OAuth 2.1 section 8.4.3: private-use schemes have no naming authority
  if (uri.slice(protocol.length).startsWith('//')) return 'two_slashes'
  return protocol.includes('.') ? null : 'scheme'
}

/** Whether it leads to a program on the user's own device: a loopback address or name, or an app by its scheme (RFC 8252 section 7). */
export function isOnDevice (uri: string): boolean {
  if (!URL.canParse(uri)) return true
  const { protocol, hostname } = new URL(uri)
  return !['http:', 'https:'].includes(protocol) || isLoopback(hostname)
}

function withoutPort (uri: string): string {
  return uri.replace(LOOPBACK, (_match, host: string) => `http://${host}`)
}
