/** Characters. */
const MAX_LENGTH = 2000

/**
 * The address of a page of a front end, or of an app (`com.example.app:/reset`), in the form in which it is compared and used.
 * @returns null for one with credentials or a fragment, that browsers may read in another way, or that is no page
 */
export function readFrontEndUrl (text: string): string | null {
  if (text.length > MAX_LENGTH || /[\\\s\p{C}#]/u.test(text) || !URL.canParse(text)) return null
  const { protocol, username, password, href } = new URL(text)
  if (username !== '' || password !== '') return null
  // RFC 8252 section 7.1: the scheme of an app is a reversed domain name
  return /^https?:$/.test(protocol) || protocol.includes('.') ? href : null
}

/** An address with further parameters, percent-encoded; its own are kept. */
export function withQuery (url: string, params: Record<string, string>): string {
  const query = Object.entries(params).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  return `${url}${!url.includes('?') ? '?' : /[?&]$/.test(url) ? '' : '&'}${query}`
}
