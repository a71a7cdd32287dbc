import { pathOf } from '../http/outer-path.ts'

/** RFC 6265bis section 4.1.3.2: the prefix binds the cookie to this host and to https. */
export function browserCookie (appUrl: string): string {
  return appUrl.startsWith('https:') ? '__Host-latchkey' : 'latchkey'
}

/** Of what is for all that is served here, routes of the host included; with the prefix `__Host-` it has to be the root. */
export function cookiePath (appUrl: string): string {
  return appUrl.startsWith('https:') ? '/' : pathOf(appUrl) || '/'
}
