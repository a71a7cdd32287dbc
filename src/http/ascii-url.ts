const BEYOND_ASCII = /[^\x21-\x7e]/

/**
 * The URL as it travels: RFC 3986 knows ASCII only, so a host in other letters becomes punycode and the rest percent signs. One in ASCII
 * stays as it is, for issuers are compared as text. @returns null for what is no URL
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
