/** RFC 6265bis section 4.1.3.2: the prefix binds the cookie to this host and to https. */
export function browserCookie (appUrl: string): string {
  return appUrl.startsWith('https:') ? '__Host-latchkey' : 'latchkey'
}
