import { pathOf } from '../http/outer-path.ts'

/** Of our own login page and what follows it, under the base path. */
const LOGIN = '/login'

/** RFC 6265bis section 4.1.3.2: the prefix binds the cookie to this host and to https. */
export function browserCookie (appUrl: string): string {
  return appUrl.startsWith('https:') ? '__Host-latchkey' : 'latchkey'
}

/** Path of the cookies that are needed on all routes, those of the host included; the prefix `__Host-` requires the root. */
export function cookiePath (appUrl: string): string {
  return appUrl.startsWith('https:') ? '/' : pathOf(appUrl) || '/'
}

/** Path of a cookie for the login page and our second step, which are in different places when the host has a login page of its own. */
export function loginCookiePath ({ loginPath, basePath }: { loginPath: string, basePath: string }): string {
  return loginPath.split('?')[0] === basePath + LOGIN ? basePath + LOGIN : '/'
}
