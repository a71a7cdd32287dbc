/** Longer than any URL that this server reads. */
const MAX_LENGTH = 16 * 1024
const ANYWHERE = 'http://here.invalid'

/**
 * A path on this server to return to after a login, or null: never another site (RFC 9700 section 4.11). Text that a browser would read as
 * another host (`//x`, `/\x`, tabs and newlines within) is refused.
 */
export function localPath (target: unknown): string | null {
  // Limited because parsing a host takes time quadratic in its length
  if (typeof target !== 'string' || target.length > MAX_LENGTH || !/^\/(?!\/)/.test(target) || /[\\\s\p{C}]/u.test(target)) return null
  if (!URL.canParse(target, ANYWHERE)) return null
  const { origin, pathname, search, hash } = new URL(target, ANYWHERE)
  return origin === ANYWHERE && !pathname.startsWith('//') ? pathname + search + hash : null
}
