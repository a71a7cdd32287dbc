const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])
// RFC 3986 section 2: what a URI is written with
const CHARACTERS = /^[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]+$/

/** What is wrong with a redirect URI (RFC 6749 section 3.1.2, RFC 8252 sections 7.1 and 7.3), or undefined. */
export function redirectUriProblem (text: string): string | undefined {
  if (text.includes('#')) return 'must have no fragment'
  if (!CHARACTERS.test(text) || !URL.canParse(text)) return 'must be an absolute URI, such as https://app.example.com/callback'
  const { protocol, hostname, username, password } = new URL(text)
  if (username || password) return 'must have no user name and no password'
  if (protocol === 'https:') return /^https:\/\/[^/]/i.test(text) ? undefined : 'must be an absolute URI, such as https://app.example.com/callback'
  if (protocol === 'http:') return LOOPBACK.has(hostname) && /^http:\/\/[^/]/i.test(text) ? undefined : 'must be https; http is for localhost, 127.0.0.1 and [::1] only'
  // RFC 8252 section 8.4: a scheme without a dot could be anybody's, or javascript:
  return protocol.includes('.') ? undefined : 'must be https, or have a scheme of its own with a dot in it, such as com.example.app:/callback'
}
