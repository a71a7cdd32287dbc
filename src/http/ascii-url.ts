const BEYOND_ASCII = /[^\x21-\x7e]/

/**
 * The URL in ASCII (RFC 3986): a host with other characters becomes punycode, and the rest is percent-encoded. An ASCII URL is returned
 * unchanged, since issuers are compared as text.
 * @returns null when it is not a URL
 */
export function asciiUrl (text: string): string | null {
  if (!URL.canParse(text)) return null
  if (!BEYOND_ASCII.test(text)) return text
  const { href } = new URL(text)
  return text.endsWith('/') ? href : href.replace(/\/$/, '')
}

/** The same for a path with its query. */
export function asciiPath (path: string): string {
  return path.replace(new RegExp(BEYOND_ASCII, 'gu'), encodeURIComponent)
}
