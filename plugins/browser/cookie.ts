import { pathOf } from '../http/outer-path.ts'

/** RFC 6265bis section 4.1.3.2: the prefix binds the cookie to this host and to https. */
export function browserCookie (appUrl: string): string {
  return appUrl.startsWith('https:') ? '__Host-latchkey' : 'latchkey'
}

/** Path of the cookies that are needed on all routes, those of the host included; the prefix `__Host-` requires the root. */
export function cookiePath (appUrl: string): string {
  return appUrl.startsWith('https:') ? '/' : pathOf(appUrl) || '/'
}
