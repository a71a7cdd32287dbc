import { fastifyCookie } from '@fastify/cookie'

/** A response whose headers can be added to. */
type Reply = { header: (name: string, value: string) => unknown }

type CookieOptions = { path: string, httpOnly: boolean, sameSite: 'lax', secure: boolean, maxAge?: number, expires?: Date }

/**
 * Sets a cookie without the settings that a host has for its own: no signature, domain, age, encoding or partition. Each call adds a
 * `Set-Cookie` header.
 */
export function setCookie (reply: Reply, name: string, value: string, options: CookieOptions): void {
  reply.header('set-cookie', fastifyCookie.serialize(name, value, options))
}

/** The values of all cookies with a name, as they were sent: another app on the domain, or on another path, may use the same name. */
export function cookiesNamed (header: string | undefined, name: string): string[] {
  if (header === undefined || !header.includes(name)) return []
  const pairs = header.split(';').map((pair) => pair.split('='))
  return pairs.flatMap(([key = '', ...value]) => key.trim() === name ? [unquoted(value.join('=').trim())] : [])
}

/** RFC 6265 section 4.1.1: a value may be quoted. */
function unquoted (value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1) : value
}
