/** Where an app takes the user afterwards: a site, a program on this computer, or an app by its URL scheme. */
export type RedirectTarget = { kind: 'site' | 'local' | 'app', name: string }

export function redirectTarget (redirectUri: string): RedirectTarget {
  if (!URL.canParse(redirectUri)) return { kind: 'app', name: redirectUri }
  const { protocol, host, hostname } = new URL(redirectUri)
  if (protocol !== 'http:' && protocol !== 'https:') return { kind: 'app', name: protocol.slice(0, -1) }
  return { kind: isLoopback(hostname) ? 'local' : 'site', name: host }
}

/**
 * The `form-action` of a page whose form may end at an app: Chromium holds the redirect after a post to it too,
 * and with `'self'` alone the button would do nothing. Built from the parsed address, so that nothing else gets in.
 */
export function formActionFor (redirectUri: string | undefined): string {
  if (redirectUri === undefined || !URL.canParse(redirectUri)) return "'self'"
  const { protocol, host, hostname } = new URL(redirectUri)
  // The policy's grammar has no IPv6 addresses, and an app's scheme has no host
  const byScheme = (protocol !== 'http:' && protocol !== 'https:') || hostname.startsWith('[')
  return `'self' ${byScheme ? protocol : `${protocol}//${host}`}`
}

function isLoopback (hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}
