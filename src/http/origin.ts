// RFC 6454 section 6.2, with a host: a wildcard would match nothing, and `null` is sent by any opaque origin
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*,]+$/i

/**
 * An origin as browsers send it: http and https in lower case, as punycode and without the default port. Those of web views
 * (`capacitor://localhost`) have no such rules, and are compared as text.
 * @returns null when it is not an origin
 */
export function readOrigin (text: string): string | null {
  if (!ORIGIN.test(text)) return null
  if (!/^https?:/i.test(text)) return text
  return URL.canParse(text) ? new URL(text).origin : null
}

/** Whether a host name leads to this machine only; IPv6 with or without brackets. */
export function isLoopback (hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\]|::1)$/.test(hostname)
}
